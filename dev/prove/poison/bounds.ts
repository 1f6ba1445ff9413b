/**
 * What the failure policy allows a poison record to cost its shard. For a batch of B records with L = ceil(log2 B), A attempts, D deaths
 * (`maxDeaths`), T `handlerTimeoutMs`, H `heartbeatTimeoutMs`, W until the watchdog ends a blocked process:
 *
 * - rejected: the batch runs once, then without the record; a slice may end in between and forget it: 4 calls.
 * - failed: A runs with the back-offs between them, then at most L + 2 runs of halves, without a pause.
 * - timed out: as failed, and each of the runs that holds the record takes T.
 * - died: D runs whole, at most L runs of halves, D runs alone, and L + 1 of what stands beside it. Inline each death takes H, the pause
 *   before the activity's next attempt, the start of another process, and W where the event loop was blocked; in a thread the back-offs
 *   of the policy and the start of another thread.
 * - Each death of a process that another record caused meanwhile costs as much, W among it, and two more calls.
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
  /** How long the event loop of a worker may be blocked until its watchdog has ended it. */
  readonly blockLimitMs: number;
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
  const { maxAttempts, maxDeaths, handlerTimeoutMs, blockLimitMs, maxBatchRecords } = policy;
  const halvings = Math.ceil(Math.log2(maxBatchRecords));
  const foreignMs = processDeathsMs(how.foreignDeaths, policy, machine) + how.foreignDeaths * blockLimitMs;
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
      const calls = deaths + halvings + 1;
      if (how.isolation === 'thread')
        return { calls, blockedMs: backoffsMs(maxDeaths, policy) + deaths * machine.restartMs + foreignMs };
      const together = processDeathsMs(deaths + how.foreignDeaths, policy, machine);
      const blocks = (how.kind === 'blocks' ? deaths : 0) + how.foreignDeaths;
      return { calls, blockedMs: together + blocks * blockLimitMs };
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
