import type { ConsumerReport, ShardReport } from '../client/consumer-status';

/** What two looks at a shard tell together. */
export interface ShardRate {
  /** Records committed per second. */
  readonly recordsPerSecond: number;
  /** Until the lag is gone if it goes on like this, milliseconds; undefined where there is none, or where it grows. */
  readonly catchUpMs?: number;
}

interface Look {
  readonly atMs: number;
  readonly records: number;
  readonly lagMs: number | undefined;
}

/** Far enough back that a batch more or less does not matter. */
const WINDOW_MS = 20_000;
/** Below this a shard counts as caught up. */
const NO_LAG_MS = 1_000;

/** Rates of shards over the last looks of a `--watch`. */
export class StatusRates {
  private readonly looks = new Map<string, Look[]>();

  /** Takes note of what is seen now. */
  look(reports: readonly ConsumerReport[], atMs: number): void {
    const seen = new Set<string>();
    for (const { shards } of reports)
      for (const { workflowId, records, millisBehindLatest: lagMs } of shards) {
        seen.add(workflowId);
        const before = this.looks.get(workflowId) ?? [];
        const recent = before.filter((look, index) => (before[index + 1] ?? look).atMs > atMs - WINDOW_MS);
        this.looks.set(workflowId, [...recent, { atMs, records, lagMs }]);
      }
    for (const workflowId of [...this.looks.keys()]) if (!seen.has(workflowId)) this.looks.delete(workflowId);
  }

  /** Undefined before the second look. */
  of({ workflowId }: Pick<ShardReport, 'workflowId'>): ShardRate | undefined {
    const looks = this.looks.get(workflowId) ?? [];
    const [first] = looks;
    const last = looks.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    const elapsedMs = last.atMs - first.atMs;
    const recordsPerSecond = Math.max(0, ((last.records - first.records) * 1_000) / elapsedMs);
    const catchUpMs = timeToCatchUp(first.lagMs, last.lagMs, elapsedMs);
    return catchUpMs === undefined ? { recordsPerSecond } : { recordsPerSecond, catchUpMs };
  }
}

function timeToCatchUp(before: number | undefined, now: number | undefined, elapsedMs: number): number | undefined {
  if (before === undefined || now === undefined || now < NO_LAG_MS || now >= before) return undefined;
  return (now * elapsedMs) / (before - now);
}
