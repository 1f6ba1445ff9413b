import { randomUUID } from 'node:crypto';

import type {
  CheckpointStore,
  CheckpointWrite,
  KnownShard,
  Registration,
} from '../../src/checkpoints/checkpoint-store';
import { ZERO_TOTALS, type CheckpointState } from '../../src/core/checkpoint';
import { shardWorkflowId, type ShardIdentity, type StreamIncarnation } from '../../src/core/names';
import { SHARD_END, TRIM_HORIZON } from '../../src/core/positions';

const LONG_SEQUENCE_NUMBER = '49671246667567228643283430150187087032206582658500001794';
const SHARD_ID = 'shardId-000000000000';

/** A stream of its own per test, so that tests can share one table. */
export function newStream(streamName = `flights-${randomUUID()}`): StreamIncarnation {
  const streamArn = `arn:aws:kinesis:us-east-1:123456789012:stream/${streamName}`;
  return { consumer: 'contract', streamName, streamArn, createdAtMs: 1_767_225_600_123 };
}

export function shardOf(stream: StreamIncarnation, shardId = SHARD_ID): ShardIdentity {
  return { ...stream, shardId };
}

export function state(token: string, change: Partial<CheckpointState> = {}): CheckpointState {
  return { position: TRIM_HORIZON, generation: 0, token, ...change };
}

export function writeOf(
  shard: ShardIdentity,
  condition: CheckpointWrite['condition'],
  next: CheckpointState,
  change: Partial<CheckpointWrite> = {},
): CheckpointWrite {
  return {
    shard,
    condition,
    next,
    facts: { totals: ZERO_TOTALS, committedAtMs: 1_767_225_700_000 },
    writer: { runId: 'run-1', activityId: '1', activitySeq: 1, attempt: 1 },
    workflowId: shardWorkflowId(shard),
    parentShardIds: [],
    ...change,
  };
}

export const ABSENT = { absent: true } as const;

const REGISTRATION: Registration = {
  start: { at: 'AT_TIMESTAMP', timestampMs: 1_767_225_600_999 },
  requestedStart: 'LATEST',
  registeredAtMs: 1_767_225_601_000,
  initialShardsRecorded: false,
};

/** What every checkpoint store must do, whatever it is made of. */
export function describeCheckpointStore(name: string, open: () => Promise<CheckpointStore> | CheckpointStore): void {
  describe(`${name}: the contract of a checkpoint store`, () => {
    let store: CheckpointStore;

    beforeAll(async () => {
      store = await open();
    });

    describeWrites(() => store);
    describeReads(() => store);
    describeRegistrations(() => store);
    describeKnownShards(() => store);
  });
}

function describeWrites(store: () => CheckpointStore): void {
  it('creates a row only where there is none', async () => {
    const shard = shardOf(newStream());
    expect(await store().write(writeOf(shard, ABSENT, state('a')))).toEqual({ kind: 'written' });
    const second = await store().write(writeOf(shard, ABSENT, state('b', { position: SHARD_END })));
    expect(second).toMatchObject({ kind: 'refused', row: { token: 'a', position: TRIM_HORIZON, revision: 1 } });
    expect(await store().read(shard)).toMatchObject({ token: 'a', position: TRIM_HORIZON, revision: 1 });
  });

  it('moves the row of the believed token, and counts its writes', async () => {
    const shard = shardOf(newStream());
    await store().write(writeOf(shard, ABSENT, state('a')));
    const position = { at: 'AFTER', sequenceNumber: LONG_SEQUENCE_NUMBER, subSequenceNumber: 7 } as const;
    expect(await store().write(writeOf(shard, { token: 'a' }, state('b', { position })))).toEqual({ kind: 'written' });
    expect(await store().read(shard)).toMatchObject({ token: 'b', position, revision: 2 });
  });

  it('refuses a token that the row no longer has, and shows the row', async () => {
    const shard = shardOf(newStream());
    await store().write(writeOf(shard, ABSENT, state('a')));
    await store().write(writeOf(shard, { token: 'a' }, state('b')));
    const zombie = await store().write(writeOf(shard, { token: 'a' }, state('c', { position: SHARD_END })));
    expect(zombie).toMatchObject({ kind: 'refused', row: { token: 'b', revision: 2 } });
    expect(await store().read(shard)).toMatchObject({ token: 'b', position: TRIM_HORIZON, revision: 2 });
  });

  it('shows a write that is sent twice its own row', async () => {
    const shard = shardOf(newStream());
    await store().write(writeOf(shard, ABSENT, state('a')));
    const write = writeOf(shard, { token: 'a' }, state('b'));
    expect(await store().write(write)).toEqual({ kind: 'written' });
    expect(await store().write(write)).toMatchObject({ kind: 'refused', row: { token: 'b' } });
  });

  it('creates nothing with a token as its condition', async () => {
    const shard = shardOf(newStream());
    expect(await store().write(writeOf(shard, { token: 'a' }, state('b')))).toEqual({ kind: 'refused' });
    expect(await store().read(shard)).toBeUndefined();
  });

  it('lets exactly one of many concurrent writers win', async () => {
    const shard = shardOf(newStream());
    await store().write(writeOf(shard, ABSENT, state('a')));
    const tokens = Array.from({ length: 10 }, (_, index) => `racer-${index}`);
    const answers = await Promise.all(
      tokens.map((token) => store().write(writeOf(shard, { token: 'a' }, state(token)))),
    );
    const winners = tokens.filter((_, index) => answers[index]?.kind === 'written');
    expect(winners).toHaveLength(1);
    expect(await store().read(shard)).toMatchObject({ token: winners[0], revision: 2 });
  });
}

function describeReads(store: () => CheckpointStore): void {
  it('gives back everything that was written, and nothing of the write before', async () => {
    const shard = shardOf(newStream());
    const facts = {
      totals: { records: 12, bytes: 3_456, batches: 2 },
      committedAtMs: 1_767_225_700_001,
      lastArrivalMs: 1_767_225_699_002,
      caughtUpAtMs: 1_767_225_699_503,
      millisBehindLatest: 1_250,
    };
    const writer = { runId: 'run-2', activityId: '17', activitySeq: 3, attempt: 2 };
    const parentShardIds = ['shardId-000000000001', 'shardId-000000000002'];
    const full = { facts, writer, parentShardIds, workflowId: 'workflow' };
    const first = state('a', { position: { at: 'AT_TIMESTAMP', timestampMs: 5 }, generation: 2, rewindId: 'r' });
    await store().write(writeOf(shard, ABSENT, first, full));
    expect(await store().read(shard)).toEqual({
      ...first,
      ...facts,
      writer,
      parentShardIds,
      workflowId: 'workflow',
      revision: 1,
    });

    const bare = writeOf(shard, { token: 'a' }, state('b', { generation: 3 }));
    await store().write(bare);
    const { facts: bareFacts, writer: bareWriter, workflowId } = bare;
    const row = { ...bare.next, ...bareFacts, writer: bareWriter, workflowId, parentShardIds: [], revision: 2 };
    expect(await store().read(shard)).toEqual(row);
  });

  it('keeps shards, consumers and stream incarnations apart', async () => {
    const shard = shardOf(newStream());
    const others = [
      { ...shard, shardId: 'shardId-000000000009' },
      { ...shard, consumer: 'another' },
      { ...shard, createdAtMs: shard.createdAtMs + 1 },
    ];
    await store().write(writeOf(shard, ABSENT, state('a')));
    expect(await store().readMany(others)).toEqual([undefined, undefined, undefined]);
  });

  it('reads many rows in the order asked for, whatever their number', async () => {
    const stream = newStream();
    const shards = Array.from({ length: 230 }, (_, index) =>
      shardOf(stream, `shardId-${String(index).padStart(12, '0')}`),
    );
    const written = shards.filter((_, index) => index % 3 === 0);
    for (const shard of written) await store().write(writeOf(shard, ABSENT, state(`token-${shard.shardId}`)));
    const asked = shards.toReversed();
    const rows = await store().readMany([...asked, ...asked.slice(0, 1)]);
    const expected = asked.map((shard) => (written.includes(shard) ? `token-${shard.shardId}` : undefined));
    expect(rows.map((row) => row?.token)).toEqual([...expected, expected[0]]);
  });

  it('reads no rows when asked for none', async () => {
    expect(await store().readMany([])).toEqual([]);
  });
}

function describeRegistrations(store: () => CheckpointStore): void {
  it('keeps the first registration', async () => {
    const stream = newStream();
    expect(await store().findRegistration(stream)).toBeUndefined();
    expect(await store().register(stream, REGISTRATION)).toEqual(REGISTRATION);
    const later = { ...REGISTRATION, start: TRIM_HORIZON, requestedStart: 'TRIM_HORIZON' };
    expect(await store().register(stream, later)).toEqual(REGISTRATION);
    expect(await store().findRegistration(stream)).toEqual(REGISTRATION);
  });

  it('marks the first listing as recorded, which a later registration does not undo', async () => {
    const stream = newStream();
    await store().register(stream, REGISTRATION);
    await store().markInitialShardsRecorded(stream);
    await store().markInitialShardsRecorded(stream);
    const marked = { ...REGISTRATION, initialShardsRecorded: true };
    expect(await store().register(stream, REGISTRATION)).toEqual(marked);
    expect(await store().findRegistration(stream)).toEqual(marked);
  });

  it('marks nothing where nothing is registered', async () => {
    const stream = newStream();
    await store().markInitialShardsRecorded(stream);
    expect(await store().findRegistration(stream)).toBeUndefined();
  });

  it('registers each incarnation of a stream by itself', async () => {
    const stream = newStream();
    await store().register(stream, REGISTRATION);
    expect(await store().findRegistration({ ...stream, createdAtMs: stream.createdAtMs + 1 })).toBeUndefined();
  });
}

function describeKnownShards(store: () => CheckpointStore): void {
  const known = (index: number, change: Partial<KnownShard> = {}): KnownShard => ({
    shardId: `shardId-${String(index).padStart(12, '0')}`,
    parentShardIds: [],
    start: TRIM_HORIZON,
    ...change,
  });
  const list = async (stream: StreamIncarnation): Promise<KnownShard[]> =>
    (await store().listKnownShards(stream)).toSorted((a, b) => (a.shardId < b.shardId ? -1 : 1));

  it('records shards once, each with the start it was first given', async () => {
    const stream = newStream();
    const first = known(0, {
      start: { at: 'AT_TIMESTAMP', timestampMs: 1_767_225_600_999 },
      startingHashKey: '0',
      endingHashKey: '340282366920938463463374607431768211455',
    });
    const child = known(1, { parentShardIds: ['shardId-000000000000', 'shardId-000000000007'] });
    await store().recordShards(stream, [first]);
    await store().recordShards(stream, [known(0), child]);
    expect(await list(stream)).toEqual([first, child]);
  });

  it('lists the shards of one incarnation only', async () => {
    const stream = newStream();
    await store().recordShards(stream, [known(0)]);
    expect(await list({ ...stream, createdAtMs: stream.createdAtMs + 1 })).toEqual([]);
    expect(await list({ ...stream, consumer: 'another' })).toEqual([]);
  });

  it('lists hundreds of shards', async () => {
    const stream = newStream();
    const shards = Array.from({ length: 300 }, (_, index) => known(index));
    await store().recordShards(stream, shards);
    expect(await list(stream)).toEqual(shards);
  });
}
