import { TidemarkClient, TidemarkError, defineConsumer, type ShardReport } from '../../../src';
import { confirm } from '../../../src/cli/confirm';
import { loadConsumers } from '../../../src/worker/load-consumer';
import { runInProcess as run } from '../../support/cli/run-in-process';
import { TRIM_HORIZON } from '../../../src/core/positions';
import type { ShardStatus } from '../../../src/core/shard-work';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';
import { headOf, letterOf } from '../../support/dead-letter-store.contract';

jest.mock('../../../src/worker/load-consumer');
jest.mock('../../../src/cli/confirm');

const SHARD = 'shardId-000000000003';
const SKIP = ['skip', 'consumer.ts', '--shard', SHARD, '--reason', 'test data', '--by', 'ann'];
const halt = { how: 'park', sequenceNumber: '17', sinceMs: Date.parse('2026-01-01T12:00:00Z') } as const;
const lastError = { code: 'HANDLER_FAILED', message: 'Record 17 failed\u0007', atMs: 1, hint: '' } as const;
const parked: ShardReport = {
  shardId: SHARD,
  workflowId: 'w',
  state: 'PARKED',
  records: 1,
  failures: 5,
  halt,
  lastError,
};
const reading: ShardStatus = {
  shardId: SHARD,
  phase: 'READING',
  position: { at: 'AFTER', sequenceNumber: '17' },
  generation: 0,
  progress: { totals: { records: 1, bytes: 1, batches: 1 } },
  failures: 0,
  slices: 2,
};
const consumer = (name: string) =>
  defineConsumer({ name, stream: 'flights', startFrom: 'TRIM_HORIZON', handler: () => undefined });
const notParked = new TidemarkError('NOT_PARKED', 'Nothing is parked');

const carriedOut = (status = reading): object[] => [{ workflowId: 'w', status }];

/** A client whose consumers are as described, the first order answered with the first answer; notes what was ordered. */
function stubClient(
  { shards = [parked], letters = [] as object[], hasMore = false } = {},
  ...answers: unknown[]
): unknown[] {
  const orders: unknown[] = [];
  const order = (kind: string) => (definition: { options: { name: string } }, options: object) => {
    const answer = answers[orders.length] ?? carriedOut();
    orders.push([kind, definition.options.name, JSON.parse(JSON.stringify(options))]);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const client = {
    status: () => Promise.resolve({ shards }),
    retryParked: order('retry'),
    skipParked: order('skip'),
    deadLetters: { list: () => Promise.resolve({ letters, hasMore }) },
    close: () => Promise.resolve(),
  };
  jest.spyOn(TidemarkClient, 'connect').mockResolvedValue(client as unknown as TidemarkClient);
  return orders;
}

beforeEach(() => jest.mocked(loadConsumers).mockResolvedValue([consumer('delays')]));
afterEach(() => {
  jest.restoreAllMocks();
  jest.mocked(confirm).mockReset();
});

describe('retry', () => {
  it('gives the order to every consumer of the file, with who and why, and says where each shard stands', async () => {
    const orders = stubClient();
    jest.mocked(loadConsumers).mockResolvedValue([consumer('delays'), consumer('gates')]);
    const { code, out } = await run(['retry', 'consumer.ts', '--key', 'k', '--by', 'ann', '--reason', 'fixed']);
    expect(code).toBe(0);
    const options = { partitionKey: 'k', by: 'ann', reason: 'fixed' };
    expect(orders).toEqual([
      ['retry', 'delays', options],
      ['retry', 'gates', options],
    ]);
    expect(out.split('\n')).toEqual([
      `Tried again ${SHARD} of delays on stream flights: READING at AFTER 17`,
      `Tried again ${SHARD} of gates on stream flights: READING at AFTER 17`,
      '',
    ]);
  });

  it('says what failed again', async () => {
    const again = { ...reading, phase: 'PARKED', position: TRIM_HORIZON, halt, lastError } as const;
    const streak = {
      position: TRIM_HORIZON,
      through: '17',
      records: 1,
      failures: 1,
      deaths: 0,
      phase: 'retry',
    } as const;
    const retrying = { ...reading, phase: 'RETRYING', position: TRIM_HORIZON, streak, lastError } as const;
    stubClient({}, [...carriedOut(again), ...carriedOut(retrying)]);
    const { out } = await run(['retry', 'consumer.ts']);
    expect(out).toContain(
      'PARKED at TRIM_HORIZON, parked again at record 17 since 2026-01-01T12:00:00.000Z: HANDLER_FAILED\n',
    );
    expect(out).toContain('RETRYING at TRIM_HORIZON, attempt 2 of record 17: HANDLER_FAILED\n');
  });

  it('passes over consumers of which nothing is parked, unless it is all of them', async () => {
    stubClient({}, notParked);
    jest.mocked(loadConsumers).mockResolvedValue([consumer('delays'), consumer('gates')]);
    const { code, out } = await run(['retry', 'consumer.ts', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([{ consumer: 'gates', stream: 'flights', shards: [{ workflowId: 'w' }] }]);
    stubClient({}, notParked, notParked);
    expect(await run(['retry', 'consumer.ts'])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('Error NOT_PARKED: Nothing is parked') as string,
    });
  });
});

describe('skip', () => {
  const asked = (): unknown => jest.mocked(confirm).mock.calls[0]?.[0];

  it('shows the record and why it is parked, and skips that one or none', async () => {
    const orders = stubClient();
    jest.mocked(confirm).mockResolvedValue(true);
    expect(await run(SKIP)).toMatchObject({ code: 0, out: expect.stringContaining('Skipped in') as string });
    expect(asked()).toBe(
      'Skip record 17, parked since 2026-01-01T12:00:00.000Z (HANDLER_FAILED: Record 17 failed\\u{7}), ' +
        `in ${SHARD} of delays on stream flights?`,
    );
    expect(orders).toEqual([
      ['skip', 'delays', { shardId: SHARD, sequenceNumber: '17', reason: 'test data', by: 'ann' }],
    ]);
  });

  it('shows what retention took, and accepts just that', async () => {
    const loss = { fromMs: halt.sinceMs - 2_000, toMs: halt.sinceMs - 1_000, cause: 'retention' } as const;
    const orders = stubClient({ shards: [{ ...parked, halt: { how: 'park', loss, sinceMs: halt.sinceMs } }] });
    jest.mocked(confirm).mockResolvedValue(true);
    expect(await run(SKIP)).toMatchObject({ code: 0 });
    expect(asked()).toBe(
      'Skip records that may be lost: retention took what arrived from 2026-01-01T11:59:58.000Z to ' +
        `2026-01-01T11:59:59.000Z in ${SHARD} of delays on stream flights?`,
    );
    expect(orders).toEqual([['skip', 'delays', { shardId: SHARD, acceptLoss: true, reason: 'test data', by: 'ann' }]]);
  });

  it('shows the first record of a partition key, as far as it finds it', async () => {
    const [other, first, second] = ['1', '2', '3'].map((sequenceNumber) =>
      headOf(
        letterOf(shardOf(newStream('flights')), { sequenceNumber, partitionKey: sequenceNumber === '1' ? 'x' : 'k' }),
      ),
    );
    const orders = stubClient({ shards: [], letters: [other, first, second].filter((letter) => letter !== undefined) });
    jest.mocked(confirm).mockResolvedValue(true);
    expect(await run([...SKIP, '--key', 'k'])).toMatchObject({ code: 0 });
    expect(asked()).toMatch(/^Skip record 2 of this key \(HANDLER_FAILED: .*\) in/);
    const options = { shardId: SHARD, partitionKey: 'k', reason: 'test data', by: 'ann' };
    expect(orders).toEqual([['skip', 'delays', options]]);
    jest.mocked(confirm).mockClear();
    stubClient({ shards: [], hasMore: true });
    await run([...SKIP, '--key', 'y']);
    expect(asked()).toContain('the first parked record of this key');
  });

  it('refuses a partition key of which nothing is parked', async () => {
    const orders = stubClient({ shards: [], letters: [headOf(letterOf(shardOf(newStream('flights'))))] });
    expect(await run([...SKIP, '--key', 'y'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('Error NOT_PARKED: No record of this partition key is parked') as string,
    });
    expect(asked()).toBeUndefined();
    expect(orders).toEqual([]);
  });

  it('does nothing that was not confirmed', async () => {
    const orders = stubClient();
    jest.mocked(confirm).mockResolvedValue(false);
    expect(await run(SKIP)).toMatchObject({ code: 0, out: '' });
    expect(orders).toEqual([]);
  });

  it.each<[string, ShardReport[], string]>([
    ['a shard that is not parked', [{ ...parked, state: 'READING', halt: undefined }], 'is not parked but READING'],
    ['a shard that was stopped while parked', [{ ...parked, state: 'STOPPED' }], 'is not parked but STOPPED'],
    ['partition keys without a name', [{ ...parked, state: 'READING', halt: undefined, parkedKeys: 1 }], '--key'],
    ['a shard without a worker', [{ ...parked, state: 'NO_WORKER', halt: undefined }], 'Error NO_WORKER'],
    ['a shard that is none', [], `has no shard ${SHARD}`],
  ])('does not skip %s', async (_, shards, message) => {
    const orders = stubClient({ shards });
    expect(await run(SKIP)).toMatchObject({ code: 1, err: expect.stringContaining(message) as string });
    expect(orders).toEqual([]);
  });
});
