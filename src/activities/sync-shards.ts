import { activityInfo, getClient, heartbeat } from '@temporalio/activity';
import type { KnownShard, Registration } from '../checkpoints/checkpoint-store';
import type { StreamIncarnation } from '../core/names';
import { TRIM_HORIZON } from '../core/positions';
import { parentsOf, planShards, type Shard, type ShardProgress } from '../core/shard-graph';
import type { SyncInput, SyncResult } from '../core/shard-work';
import { timingOf } from '../core/timing';
import { StreamWatch } from '../kinesis/stream-watch';
import { startShardWorkflow } from '../temporal/start-workflows';
import { mapConcurrently } from '../core/map-concurrently';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import { findConsumer } from './process-batches';

const STARTS_AT_A_TIME = 20;
const NAMED_EXPIRED = 20;

/**
 * The activity `syncShards`: compares the stream's shards with what this consumer has recorded, records new ones, and starts the
 * workflows of those that may be read. Idempotent: a crash anywhere is repaired by the next run.
 */
export function createSyncShards(dependencies: ActivityDependencies): (input: SyncInput) => Promise<SyncResult> {
  return async (input) => {
    const runtime = findConsumer(dependencies, input.stream);
    const timer = setInterval(() => heartbeat(), 1_000);
    try {
      return await syncShards(dependencies, runtime, input);
    } finally {
      clearInterval(timer);
    }
  };
}

async function syncShards(
  dependencies: ActivityDependencies,
  runtime: ConsumerRuntime,
  input: SyncInput,
): Promise<SyncResult> {
  const { stream } = input;
  const listed = await listShards(runtime, stream);
  const known = await recordNewShards(runtime, input, listed);
  const progress = await progressOf(runtime, input, known);
  const plan = planShards(listed, progress);
  const timing = timingOf(runtime.definition.options);
  const startOf = new Map(known.map((shard) => [shard.shardId, shard.start]));
  const { taskQueue } = activityInfo();

  await mapConcurrently(plan.start, STARTS_AT_A_TIME, (shard) =>
    startShardWorkflow(getClient(), {
      taskQueue,
      input: {
        shard: { ...stream, shardId: shard.shardId },
        parentShardIds: parentsOf(shard),
        start: startOf.get(shard.shardId) ?? TRIM_HORIZON,
        timing,
        searchAttributes: input.searchAttributes,
        ...(input.pause ? { pause: input.pause } : {}),
      },
    }),
  );
  return {
    listed: listed.length,
    running: plan.start.length,
    finished: [...progress.values()].filter((state) => state === 'finished').length,
    waiting: plan.waiting.length,
    expired: plan.expired.slice(0, NAMED_EXPIRED),
    expiredCount: plan.expired.length,
    atMs: dependencies.now(),
    timing,
  };
}

/** A listing that is known to be of this incarnation, because the stream was seen after it: shard ids repeat. */
async function listShards({ kinesis }: ConsumerRuntime, stream: StreamIncarnation): Promise<Shard[]> {
  const watch = new StreamWatch(kinesis, stream);
  try {
    return await kinesis.listShards(stream);
  } finally {
    await watch.fresh();
  }
}

/** Shards of the first listing begin where the consumer begins; those that appear later descend from them: at TRIM_HORIZON. */
async function recordNewShards(
  runtime: ConsumerRuntime,
  input: SyncInput,
  listed: readonly Shard[],
): Promise<KnownShard[]> {
  const { store } = runtime;
  const known = await store.listKnownShards(input.stream);
  const registration = await findOrRepairRegistration(runtime, input, known.length > 0);
  const knownIds = new Set(known.map(({ shardId }) => shardId));
  const start = registration.initialShardsRecorded ? TRIM_HORIZON : registration.start;
  const added = listed
    .filter(({ shardId }) => !knownIds.has(shardId))
    .map((shard) => ({
      shardId: shard.shardId,
      parentShardIds: parentsOf(shard),
      start,
      startingHashKey: shard.startingHashKey,
      endingHashKey: shard.endingHashKey,
    }));
  await store.recordShards(input.stream, added);
  if (!registration.initialShardsRecorded) await store.markInitialShardsRecorded(input.stream);
  return [...known, ...added];
}

/** The workflow remembers the start position too, so a lost registration is written again, never guessed. */
async function findOrRepairRegistration(
  runtime: ConsumerRuntime,
  input: SyncInput,
  hasKnownShards: boolean,
): Promise<Registration> {
  const found = await runtime.store.findRegistration(input.stream);
  return (
    found ?? runtime.store.register(input.stream, { ...input.registration, initialShardsRecorded: hasKnownShards })
  );
}

async function progressOf(
  runtime: ConsumerRuntime,
  { stream }: SyncInput,
  known: readonly KnownShard[],
): Promise<Map<string, ShardProgress>> {
  const rows = await runtime.store.readMany(known.map(({ shardId }) => ({ ...stream, shardId })));
  return new Map(
    known.map(({ shardId }, index) => [shardId, rows[index]?.position.at === 'SHARD_END' ? 'finished' : 'known']),
  );
}
