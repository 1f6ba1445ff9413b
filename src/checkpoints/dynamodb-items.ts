/** The items of the checkpoint table, as plain values that people can read. Sequence numbers and hash keys are always strings. */
import type { CheckpointRow } from '../core/checkpoint';
import {
  CHECKPOINT_SCHEMA,
  checkpointKey,
  knownShardKey,
  registrationKey,
  type ShardIdentity,
  type StreamIncarnation,
} from '../core/names';
import { describePosition } from '../core/positions';
import { parseTrial } from '../core/trial';
import type { CheckpointWrite, KnownShard, Registration } from './checkpoint-store';
import { ItemReader, type PlainItem } from './dynamodb-item-reader';

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/**
 * Attributes of a checkpoint item, without key and `revision`, which each write counts up. An attribute without a value is to be
 * removed: the one of an earlier write must not stay.
 */
export function toCheckpointAttributes(write: CheckpointWrite): PlainItem {
  const { shard, next, facts, writer, workflowId, parentShardIds } = write;
  return {
    ...describeShard(shard),
    position: next.position,
    positionText: describePosition(next.position),
    generation: next.generation,
    token: next.token,
    rewindId: next.rewindId,
    fence: next.fence,
    writer,
    workflowId,
    parentShardIds,
    totals: facts.totals,
    committedAt: toIso(facts.committedAtMs),
    lastArrivalAt: toIso(facts.lastArrivalMs),
    caughtUpAt: toIso(facts.caughtUpAtMs),
    millisBehindLatest: facts.millisBehindLatest,
    parkedKeys: facts.parkedKeys,
    trial: facts.trial,
  };
}

/** @throws `CHECKPOINT_DAMAGED` */
export function fromCheckpointItem(item: PlainItem, shard: ShardIdentity): CheckpointRow {
  const read = new ItemReader(item, checkpointKey(shard));
  read.expectSchema(CHECKPOINT_SCHEMA);
  const writer = read.map('writer');
  const totals = read.map('totals');
  return {
    position: read.position('position'),
    generation: read.count('generation'),
    token: read.text('token'),
    revision: read.count('revision'),
    writer: {
      runId: writer.text('runId'),
      activityId: writer.text('activityId'),
      activitySeq: writer.count('activitySeq'),
      attempt: writer.count('attempt'),
    },
    workflowId: read.text('workflowId'),
    parentShardIds: read.texts('parentShardIds'),
    totals: {
      records: totals.count('records'),
      bytes: totals.count('bytes'),
      batches: totals.count('batches'),
      ...withoutUndefined({
        filtered: totals.optionalNumber('filtered'),
        deadLettered: totals.optionalNumber('deadLettered'),
        leftOut: totals.optionalNumber('leftOut'),
      }),
    },
    committedAtMs: read.timeMs('committedAt'),
    ...withoutUndefined({
      rewindId: read.optionalText('rewindId'),
      lastArrivalMs: read.optionalTimeMs('lastArrivalAt'),
      caughtUpAtMs: read.optionalTimeMs('caughtUpAt'),
      fence: read.optionalNumber('fence'),
      millisBehindLatest: read.optionalNumber('millisBehindLatest'),
      parkedKeys: read.optionalNumber('parkedKeys'),
      // A mark that cannot be read must not stop a shard: it only counts deaths.
      trial: parseTrial(item.trial),
    }),
  };
}

export function toRegistrationItem(stream: StreamIncarnation, registration: Registration): PlainItem {
  return {
    ...registrationKey(stream),
    ...describeStream(stream),
    start: registration.start,
    startText: describePosition(registration.start),
    requestedStart: registration.requestedStart,
    registeredAt: toIso(registration.registeredAtMs),
    initialShardsRecorded: registration.initialShardsRecorded,
  };
}

/** @throws `CHECKPOINT_DAMAGED` */
export function fromRegistrationItem(item: PlainItem, stream: StreamIncarnation): Registration {
  const read = new ItemReader(item, registrationKey(stream));
  read.expectSchema(CHECKPOINT_SCHEMA);
  return {
    start: read.position('start'),
    requestedStart: read.text('requestedStart'),
    registeredAtMs: read.timeMs('registeredAt'),
    initialShardsRecorded: read.flag('initialShardsRecorded'),
  };
}

export function toKnownShardItem(stream: StreamIncarnation, shard: KnownShard): PlainItem {
  const identity = { ...stream, shardId: shard.shardId };
  return {
    ...knownShardKey(identity),
    ...describeShard(identity),
    parentShardIds: shard.parentShardIds,
    start: shard.start,
    startText: describePosition(shard.start),
    startingHashKey: shard.startingHashKey,
    endingHashKey: shard.endingHashKey,
  };
}

/** @throws `CHECKPOINT_DAMAGED` */
export function fromKnownShardItem(item: PlainItem, key: ItemKey): KnownShard {
  const read = new ItemReader(item, key);
  read.expectSchema(CHECKPOINT_SCHEMA);
  return {
    shardId: read.text('shardId'),
    parentShardIds: read.texts('parentShardIds'),
    start: read.position('start'),
    ...withoutUndefined({
      startingHashKey: read.optionalText('startingHashKey'),
      endingHashKey: read.optionalText('endingHashKey'),
    }),
  };
}

function describeStream({ consumer, streamArn, createdAtMs }: StreamIncarnation): PlainItem {
  return { schema: CHECKPOINT_SCHEMA, consumer, streamArn, streamCreatedAt: toIso(createdAtMs) };
}

function describeShard(shard: ShardIdentity): PlainItem {
  return { ...describeStream(shard), shardId: shard.shardId };
}

function toIso(timeMs: number): string;
function toIso(timeMs: number | undefined): string | undefined;
function toIso(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
