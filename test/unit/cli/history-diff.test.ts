import { defineConsumer } from '../../../src';
import { readDiff } from '../../../src/client/checkpoint-history';
import { diffHistory } from '../../../src/core/history-diff';
import type { HistoryEntry } from '../../../src/core/history';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { loadConsumers } from '../../../src/worker/load-consumer';
import { runInProcess as runAll } from '../../support/cli/run-in-process';

jest.mock('../../../src/worker/load-consumer');
jest.mock('../../../src/client/checkpoint-history');

const entry = (id: string, records: number): HistoryEntry => ({
  id,
  atMs: 1,
  kind: 'read',
  from: TRIM_HORIZON,
  to: { at: 'AFTER', sequenceNumber: String(records) },
  generation: 0,
  records,
  batches: 1,
  totalRecords: records,
  worker: 'w',
  runId: 'r',
  attempt: 1,
  events: [],
});

const DIFF = ['history', 'c.ts', '--shard', 's1', '--diff'];
const run = (...args: readonly string[]) => runAll(args);

beforeEach(() => {
  const options = { name: 'delays', stream: 'flights', startFrom: 'TRIM_HORIZON' } as const;
  jest.mocked(loadConsumers).mockResolvedValue([defineConsumer({ ...options, handler: () => undefined })]);
  const entries = [entry('e1', 3), entry('e2', 8)];
  jest.mocked(readDiff).mockImplementation(async (_, { from, to }) => diffHistory(entries, from, to));
});

it('compares two entries, for people and for machines', async () => {
  expect(await run(...DIFF, 'e1', 'e2')).toMatchObject({
    code: 0,
    out: expect.stringContaining('position      AFTER 3 -> AFTER 8\n') as string,
  });
  expect(jest.mocked(readDiff).mock.calls[0]?.[1]).toEqual({ shardId: 's1', from: 'e1', to: 'e2' });
  const { out } = await run(...DIFF, 'e2', 'e1', '--json');
  expect(JSON.parse(out)).toMatchObject({ from: { id: 'e1' }, to: { id: 'e2' }, records: 8, moves: [] });
});

it('says which entry is not there, and that it takes two', async () => {
  expect(await run(...DIFF, 'e1', 'e7')).toMatchObject({
    code: 1,
    err: expect.stringContaining('has no entry e7') as string,
  });
  expect(await run(...DIFF, 'e1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--diff compares two entries') as string,
  });
});
