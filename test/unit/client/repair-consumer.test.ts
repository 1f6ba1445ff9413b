import { MemoryCheckpointHistory } from '../../../src/checkpoints/checkpoint-history';
import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import { applyRepair, planRepair, type RepairPlan } from '../../../src/client/repair-consumer';
import type { HistoryEntry } from '../../../src/core/history';
import { shardWorkflowId } from '../../../src/core/names';
import { TRIM_HORIZON } from '../../../src/core/positions';
import type { Shard } from '../../../src/core/shard-graph';
import { MemoryDeadLetterStore } from '../../../src/dead-letters/memory-dead-letters';
import type { KinesisPort } from '../../../src/kinesis/kinesis-port';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';
import { letterOf } from '../../support/dead-letter-store.contract';
import { StubClient, type StubWorkflow } from './stub-client';

const stream = newStream('flights');
const shard = shardOf(stream);
const AFTER_9 = { at: 'AFTER', sequenceNumber: '9' } as const;
const totals = { records: 7, bytes: 70, batches: 2, deadLettered: 1 };

let store: MemoryCheckpointStore;
let letters: MemoryDeadLetterStore;
let history: MemoryCheckpointHistory;

beforeEach(() => {
  store = new MemoryCheckpointStore();
  letters = new MemoryDeadLetterStore();
  history = new MemoryCheckpointHistory();
});

function services() {
  const listed: Shard = { shardId: shard.shardId, startingHashKey: '0', endingHashKey: '9' } as Shard;
  const kinesis = { listShards: async () => [listed] } as unknown as KinesisPort;
  return { kinesis, store, letters, history };
}

function plan(workflow: StubWorkflow): Promise<RepairPlan> {
  return planRepair(new StubClient({ [shardWorkflowId(shard)]: workflow }).client, services(), stream);
}

function putLetter(sequenceNumber: string, partitionKey: string, status: 'PARKED' | 'OPEN' = 'PARKED'): void {
  letters.apply([letters.headItem(letterOf(shard, { sequenceNumber, partitionKey, status }))]);
}

function entryOf(generation: number, atMs: number): HistoryEntry {
  const counts = { records: 1, batches: 1, totalRecords: 1 };
  const by = { worker: 'w', runId: 'r', attempt: 1 };
  return {
    id: `e${atMs}`,
    atMs,
    kind: 'move',
    from: TRIM_HORIZON,
    to: AFTER_9,
    generation,
    ...counts,
    ...by,
    events: [],
  };
}

const stopped = { phase: 'STOPPED', position: AFTER_9, records: 7 } as const;
const withProgress = { ...stopped, generation: 4, progress: { totals, committedAtMs: 5, lastArrivalMs: 3 } };

describe('the row of a stopped shard', () => {
  it('has the generation and the progress of the result', async () => {
    await history.append(shard, entryOf(9, 1));
    const found = await plan({ status: 'COMPLETED', result: withProgress });
    expect(found.shards[0]?.rebuilt).toMatchObject({
      position: AFTER_9,
      generation: 4,
      totals,
      committedAtMs: 5,
      lastArrivalMs: 3,
    });
  });

  it('has the largest generation of its history where the result of an earlier version has none', async () => {
    for (const entry of [entryOf(1, 1), entryOf(6, 2), entryOf(2, 3)]) await history.append(shard, entry);
    const found = await plan({ status: 'COMPLETED', result: stopped });
    expect(found.shards[0]?.rebuilt).toMatchObject({ position: AFTER_9, generation: 6, totals: { records: 7 } });
  });

  it('has generation 0 where nothing tells of another', async () => {
    const found = await plan({ status: 'COMPLETED', result: stopped });
    expect(found.shards[0]?.rebuilt).toMatchObject({ position: AFTER_9, generation: 0 });
  });
});

describe('parked partition keys', () => {
  const status = { shardId: shard.shardId, phase: 'READING', position: AFTER_9, generation: 1, progress: { totals } };

  it.each<[string, StubWorkflow]>([
    ['a stopped shard', { status: 'COMPLETED', result: withProgress }],
    ['one stopped by an earlier version', { status: 'COMPLETED', result: stopped }],
    ['a running one', { query: status }],
  ])('are counted in the row of %s: otherwise nobody would look at their letters again', async (_what, workflow) => {
    for (let number = 0; number < 600; number += 1) putLetter(String(number), `key-${number % 2}`);
    putLetter('600', 'key-on-the-second-page');
    putLetter('601', 'open', 'OPEN');
    const found = await plan(workflow);
    expect(await applyRepair(services(), found)).toMatchObject({ rows: 1 });
    expect(await store.read(shard)).toMatchObject({ position: AFTER_9, parkedKeys: 3 });
  });

  it('that a workflow remembers, but no letter, are not counted', async () => {
    const found = await plan({ status: 'COMPLETED', result: { ...withProgress, progress: { totals, parkedKeys: 2 } } });
    expect(found.shards[0]?.rebuilt?.parkedKeys).toBe(0);
  });
});
