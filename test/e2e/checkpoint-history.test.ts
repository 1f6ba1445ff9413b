import { DynamodbCheckpointHistory } from '../../src/checkpoints/dynamodb-history';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { createDynamodbClient } from '../../src/aws/clients';
import type { HistoryEntry } from '../../src/core/history';
import { TRIM_HORIZON } from '../../src/core/positions';
import { newStream, shardOf } from '../support/checkpoint-store.contract';
import { stackEnv } from '../support/stack-env';

const DAY_MS = 86_400_000;

function entry(atMs: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    id: `id${atMs}`,
    atMs,
    kind: 'read',
    from: TRIM_HORIZON,
    to: { at: 'AFTER', sequenceNumber: '9'.repeat(56) },
    generation: 1_700_000_000_000,
    records: 3,
    batches: 1,
    totalRecords: 10,
    worker: 'w:1',
    runId: 'run',
    attempt: 2,
    events: [],
    ...more,
  };
}

describe('the history of a checkpoint in DynamoDB', () => {
  const { dynamodbEndpoint, region, credentials } = stackEnv();
  const client = createDynamodbClient({ region, dynamodbEndpoint, credentials });
  const history = new DynamodbCheckpointHistory(client, 'tidemark-history');
  const shard = shardOf(newStream('flights'));
  beforeAll(() => createCheckpointTable(client, 'tidemark-history'));
  afterAll(() => client.destroy());

  it('gives entries back as they were, oldest first, each once', async () => {
    const full = entry(2_000, {
      kind: 'move',
      filtered: 1,
      deadLettered: 2,
      lastArrivalMs: 1_500,
      isAfterLoss: true,
      move: { how: 'skip', isBack: false, by: 'jane', reason: 'stale' },
      events: [{ kind: 'claimed', atMs: 1_900, adopted: 'row' }],
    });
    const given = [entry(1_000), full, entry(3_000)];
    for (const one of [full, ...given]) await history.append(shard, one, DAY_MS);
    expect(await history.list(shard)).toEqual(given);
    expect(await history.list(shard, { limit: 2 })).toEqual(given.slice(1));
    expect(await history.list(shard, { fromMs: 1_500, toMs: 2_500 })).toEqual([full]);
    expect(await history.list({ ...shard, shardId: 'another' })).toEqual([]);
    const paged: HistoryEntry[] = [];
    for await (const page of history.pages(shard)) paged.push(...page);
    expect(paged).toEqual(given);
  });

  it('restores an entry where there is none, and leaves the one that is there', async () => {
    const restored = shardOf(newStream('restored'));
    expect(await history.restore(restored, entry(1_000), DAY_MS)).toBe(true);
    expect(await history.restore(restored, { ...entry(1_000), records: 999 }, DAY_MS)).toBe(false);
    expect(await history.list(restored)).toEqual([entry(1_000)]);
  });
});
