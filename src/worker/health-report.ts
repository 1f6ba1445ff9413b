import type { ShardPicture } from '../metrics/shard-picture';

/** What is asked about one consumer's Temporal worker. */
export interface WorkerState {
  readonly consumer: string;
  readonly stream: string;
  /** State of the Temporal worker: `RUNNING`, `DRAINING` … */
  readonly state: string;
  /** Whether its pollers are at work. */
  readonly polls: boolean;
}

export interface HealthReport {
  readonly isOk: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Whether this process takes work: all its workers run and poll, and Temporal answers. */
export function reportReadiness(workers: readonly WorkerState[], temporal: 'reachable' | 'unreachable'): HealthReport {
  const reasons = workers.flatMap(({ consumer, stream, state, polls }) => {
    if (state !== 'RUNNING') return [`the worker of ${consumer} on ${stream} is ${state}`];
    return polls ? [] : [`the worker of ${consumer} on ${stream} polls nothing`];
  });
  if (temporal === 'unreachable') reasons.push('Temporal does not answer');
  const isOk = reasons.length === 0;
  return { isOk, body: { status: isOk ? 'ready' : 'unready', reasons, workers } };
}

/** Shards that are named in an answer. */
const NAMED_SHARDS = 20;

/** Whether a restart of this process would help: a shard that it runs makes no progress, and does not wait for anything that comes back. */
export function reportLiveness(
  pictures: Iterable<ShardPicture>,
  { nowMs, stuckAfterMs }: { readonly nowMs: number; readonly stuckAfterMs: number },
): HealthReport {
  const all = [...pictures];
  const stuck = all
    .map((picture) => ({ shard: describe(picture), stuckMs: picture.stuckMsAt(nowMs) }))
    .filter(({ stuckMs }) => stuckMs >= stuckAfterMs)
    .toSorted((a, b) => b.stuckMs - a.stuckMs);
  const isOk = stuck.length === 0;
  const reasons = stuck
    .slice(0, NAMED_SHARDS)
    .map(({ shard, stuckMs }) => `${shard} has made no progress for ${Math.floor(stuckMs / 1_000)} s`);
  const running = all.filter((picture) => picture.holdAt(nowMs) === 'running').length;
  return { isOk, body: { status: isOk ? 'ok' : 'stuck', reasons, runningShards: running, stuckShards: stuck.length } };
}

function describe({ shard: { consumer, streamName, shardId } }: ShardPicture): string {
  return `${consumer}/${streamName}/${shardId}`;
}
