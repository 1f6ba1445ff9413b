/**
 * What the failure policy allows a poison record to cost its shard. docs of the formulas, for a batch of B records, L = ceil(log2 B),
 * A attempts, D deaths (`maxDeaths`), T `handlerTimeoutMs`, H `heartbeatTimeoutMs`:
 *
 * - rejected: the batch runs once, then without the record; a slice may end in between and forget it: 4 calls.
 * - failed: A runs with the back-offs between them, then at most L + 2 runs of halves, without a pause.
 * - timed out: as failed, and each of the runs that holds the record takes T.
 * - died: D runs whole, at most L runs of halves, D runs alone, and one run of what stands beside it. Inline each death takes H (and T
 *   before it where the event loop is blocked), the pause before the activity's next attempt, and the start of another process;
 *   in a thread the back-offs of the policy and the start of another thread.
 * - Inline, each death of the shard's process that another record caused costs what a death costs.
 *
 * Each run takes what the machine needs for it (`runMs`): an activity, a fetch, a commit.
 */
import type { PoisonKind } from './kinds';

export type Isolation = 'inline' | 'thread';

/** The options of the consumer that bound it. */
export interface PolicyTimes {
  readonly maxAttempts: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffFactor: number;
  readonly maxDeaths: number;
  readonly handlerTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly maxBatchRecords: number;
}

/** What belongs to the machine and not to the policy, milliseconds. Generous: a busy machine is no violation. */
export interface MachineTimes {
  readonly runMs: number;
  /** From the death of a worker process until another one can take its place. */
  readonly restartMs: number;
}

/** How a record takes its handler down. `either`: by its deadline or with its thread, whichever ends it first. */
type Way = 'rejected' | 'failed' | 'timedOut' | 'died' | 'either';

/** A thread cannot abort its process: `process.abort` throws there (Node.js, worker_threads). */
const WAYS: Readonly<Record<Isolation, Readonly<Record<PoisonKind, Way>>>> = {
  inline: {
    throws: 'failed',
    rejects: 'rejected',
    badSchema: 'rejected',
    blocks: 'died',
    neverSettles: 'timedOut',
    exits: 'died',
    aborts: 'died',
    outOfMemory: 'died',
    huge: 'failed',
    hostileJson: 'failed',
  },
  thread: {
    throws: 'failed',
    rejects: 'rejected',
    badSchema: 'rejected',
    blocks: 'either',
    neverSettles: 'either',
    exits: 'died',
    aborts: 'failed',
    outOfMemory: 'either',
    huge: 'failed',
    hostileJson: 'failed',
  },
};

export interface Bounds {
  /** Handler calls from the first one with the record until the checkpoint is past it, the first one among them. */
  readonly calls: number;
  readonly blockedMs: number;
}

/** Deaths of the process that an inline record causes itself, at most. */
export function kills(kind: PoisonKind, isolation: Isolation): boolean {
  return isolation === 'inline' && WAYS.inline[kind] === 'died';
}

/** `foreignDeaths`: how often the shard lost its process to another record meanwhile. */
export function boundsOf(
  { kind, isolation, foreignDeaths }: { kind: PoisonKind; isolation: Isolation; foreignDeaths: number },
  policy: PolicyTimes,
  machine: MachineTimes,
): Bounds {
  const own = ownBounds(WAYS[isolation][kind], { kind, isolation, foreignDeaths }, policy, machine);
  // After a death the batch runs again, and what was found out in the process is forgotten.
  const calls = own.calls + 2 * foreignDeaths;
  return { calls, blockedMs: own.blockedMs + calls * machine.runMs };
}

/** Without the time of the runs themselves. */
function ownBounds(
  way: Way,
  how: { kind: PoisonKind; isolation: Isolation; foreignDeaths: number },
  policy: PolicyTimes,
  machine: MachineTimes,
): Bounds {
  const { maxAttempts, maxDeaths, handlerTimeoutMs, maxBatchRecords } = policy;
  const halvings = Math.ceil(Math.log2(maxBatchRecords));
  const foreignMs = processDeathsMs(how.foreignDeaths, policy, machine);
  switch (way) {
    case 'rejected':
      return { calls: 4, blockedMs: foreignMs };
    case 'failed':
      return { calls: maxAttempts + halvings + 2, blockedMs: backoffsMs(maxAttempts - 1, policy) + foreignMs };
    case 'timedOut': {
      const calls = maxAttempts + halvings + 2;
      return { calls, blockedMs: calls * handlerTimeoutMs + backoffsMs(maxAttempts - 1, policy) + foreignMs };
    }
    case 'died': {
      const deaths = 2 * maxDeaths + halvings;
      const deathsMs =
        how.isolation === 'inline'
          ? processDeathsMs(deaths + how.foreignDeaths, policy, machine)
          : backoffsMs(maxDeaths, policy) + deaths * machine.restartMs + foreignMs;
      return {
        calls: deaths + halvings + 1,
        blockedMs: deathsMs + (how.kind === 'blocks' ? deaths * handlerTimeoutMs : 0),
      };
    }
    case 'either': {
      const [timedOut, died] = (['timedOut', 'died'] as const).map((each) => ownBounds(each, how, policy, machine));
      const most = (name: keyof Bounds): number => Math.max(timedOut?.[name] ?? 0, died?.[name] ?? 0);
      return { calls: most('calls'), blockedMs: most('blockedMs') + most('calls') * handlerTimeoutMs };
    }
  }
}

/** The pauses of the policy between runs, without their random share. */
function backoffsMs(count: number, { minBackoffMs, maxBackoffMs, backoffFactor }: PolicyTimes): number {
  const each = Array.from({ length: count }, (_, at) => Math.min(maxBackoffMs, minBackoffMs * backoffFactor ** at));
  return each.reduce((sum, ms) => sum + ms, 0);
}

/** Temporal's pauses before an activity's next attempt (src/workflows/activity-proxies.ts), at worst all in one activity. */
function attemptPausesMs(count: number): number {
  return Array.from({ length: count }, (_, at) => Math.min(5_000, 1_000 * 1.5 ** at)).reduce((sum, ms) => sum + ms, 0);
}

function processDeathsMs(deaths: number, { heartbeatTimeoutMs }: PolicyTimes, { restartMs }: MachineTimes): number {
  return deaths * (heartbeatTimeoutMs + restartMs) + attemptPausesMs(deaths);
}
