import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { MemoryCheckpointHistory } from '../../../src/checkpoints/checkpoint-history';
import { previewReplay, type ReplayPreview, type ReplayQuery } from '../../../src/client/replay-preview';
import type { HistoryEntry } from '../../../src/core/history';
import { defineConsumer } from '../../../src/handler/define-consumer';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';
import { startScriptedKinesis, type ScriptedKinesis } from '../../support/scripted-kinesis';
import { localKinesisClient } from '../../support/scripted-kinesis/client';

const HOUR_MS = 3_600_000;
const SHARD = 'shardId-000000000000';
const consumer = defineConsumer({
  name: 'delays',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  handler: () => undefined,
});

let server: ScriptedKinesis;
let client: KinesisClient;
let history: MemoryCheckpointHistory;

beforeEach(async () => {
  server = await startScriptedKinesis();
  server.createStream('flights', 1);
  client = localKinesisClient(server.endpoint);
  history = new MemoryCheckpointHistory();
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

const at = (timestampMs: number) => ({ at: 'AT_TIMESTAMP', timestampMs }) as const;
const from = (sequenceNumber = '') => ({ at: 'FROM', sequenceNumber }) as const;
const preview = (query: ReplayQuery): Promise<ReplayPreview> =>
  previewReplay(consumer, { kinesis: new AwsKinesis(client), history }, query);

/** Sequence numbers of records a minute apart. */
function put(...data: string[]): string[] {
  return data.map((text) => {
    server.advanceClock(60_000);
    return server.put('flights', 'key', text).sequenceNumber;
  });
}

describe('what a replay would read', () => {
  it('ends now unless told otherwise, and lists closed shards, parents first', async () => {
    put('a');
    server.split('flights', SHARD);
    const { range, shards, span, missing } = await preview({ from: { at: 'TRIM_HORIZON' } });
    expect(range.to.at === 'AT_TIMESTAMP' && Math.abs(range.to.timestampMs - server.now())).toBeLessThan(5_000);
    expect(shards.map(({ isClosed }) => isClosed)).toEqual([true, false, false]);
    expect(shards[0]?.shardId).toBe(SHARD);
    expect(span.toMs).toBeGreaterThan(span.fromMs);
    expect(missing).toBeUndefined();
    expect((await preview({ from: { at: 'TRIM_HORIZON' }, shardId: SHARD })).shards).toHaveLength(1);
  });

  it('is measured by the arrivals of named records', async () => {
    const [first, , third = ''] = put('a', 'b', 'c');
    const asked = { from: from(first), to: { at: 'AFTER', sequenceNumber: third }, shardId: SHARD } as const;
    const { range, span, missing } = await preview(asked);
    expect(range).toEqual({ from: asked.from, to: asked.to });
    expect(span.toMs - span.fromMs).toBeGreaterThanOrEqual(120_000);
    expect(missing).toBeUndefined();
  });

  it('is about as many records as the history tells', async () => {
    const entry = (lastArrivalMs: number) =>
      ({
        id: `${lastArrivalMs}`,
        kind: 'read',
        from: { at: 'TRIM_HORIZON' },
        atMs: 1,
        lastArrivalMs,
        records: 7,
      }) as HistoryEntry;
    const [sequence = ''] = put('a');
    const query = { from: from(sequence), shardId: SHARD };
    expect((await preview(query)).records).toBeUndefined();
    const identity = { ...(await preview(query)).stream, shardId: SHARD };
    await history.append(identity, entry(server.now()));
    expect((await preview(query)).records).toBe(7);
    history.list = async () => {
      throw new Error('no table');
    };
    expect((await preview(query)).records).toBeUndefined();
  });
});

describe('a range of which not all is there', () => {
  it('says what retention has taken, and begins with what is left', async () => {
    const [first, second = '', third] = put('a', 'b', 'c');
    server.trim('flights', SHARD, second);
    expect(await preview({ from: from(first), shardId: SHARD })).toMatchObject({
      range: { from: { at: 'FROM', sequenceNumber: second } },
      missing: expect.stringContaining(`record ${first} is not there`),
    });
    const to = { at: 'AFTER', sequenceNumber: first ?? '' } as const;
    await expect(preview({ from: from(first), to, shardId: SHARD })).rejects.toMatchObject({ code: 'RANGE_EXPIRED' });
    server.advanceClock(30 * HOUR_MS);
    await expect(preview({ from: from(third), shardId: SHARD })).rejects.toMatchObject({ code: 'RANGE_EXPIRED' });
  });

  it('by time is as long as retention', async () => {
    const createdAtMs = server.now();
    server.advanceClock(30 * HOUR_MS);
    const nowMs = server.now();
    const cut = await preview({ from: at(createdAtMs), to: at(nowMs) });
    expect(cut.missing).toContain('retention keeps records since');
    expect(Math.abs(cut.span.fromMs - (nowMs - 24 * HOUR_MS))).toBeLessThan(5_000);
    expect((await preview({ from: at(nowMs - HOUR_MS), to: at(nowMs) })).missing).toBeUndefined();
    const gone = preview({ from: at(createdAtMs), to: at(createdAtMs + HOUR_MS) });
    await expect(gone).rejects.toMatchObject({ code: 'RANGE_EXPIRED' });
  });
});

it.each([
  ['no shard for a sequence number', { from: from('5') }, 'INVALID_OPTION'],
  ['a shard that is not there', { from: { at: 'TRIM_HORIZON' }, shardId: 'shardId-000000000007' }, 'SHARD_NOT_FOUND'],
  ['a sequence number of nowhere', { from: from('9'.repeat(60)), shardId: SHARD }, 'INVALID_OPTION'],
  ['an end to come', { from: { at: 'TRIM_HORIZON' }, to: at(Date.now() + 400 * 24 * HOUR_MS) }, 'INVALID_OPTION'],
] as [string, ReplayQuery, string][])('%s is refused', async (_, query, code) => {
  await expect(preview(query)).rejects.toMatchObject({ code });
});
