/** How far a replay is, how fast, and how long it still takes: pure. */

/** The times between which the records of a range lie, epoch milliseconds: what progress is measured by. */
export interface ReplaySpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How far a replay was at a time. */
export interface PaceMark {
  readonly atMs: number;
  readonly records: number;
  /** Share of the replay that was done, from 0 to 1. */
  readonly share: number;
}

export interface Pace {
  readonly recordsPerSecond: number;
  /** Unknown while nothing moves. */
  readonly leftMs?: number;
}

/** Pace is measured over about so long: a pause of the workers is forgotten after it. */
const WINDOW_MS = 60_000;
/** Marks are at least so far from each other, so that few are carried. */
const MARK_DISTANCE_MS = 3_000;

/** Share of a shard's part that lies behind it when its last record arrived at `arrivalMs`. */
export function shareOfSpan({ fromMs, toMs }: ReplaySpan, arrivalMs: number | undefined): number {
  if (arrivalMs === undefined || toMs <= fromMs) return 0;
  return Math.min(1, Math.max(0, (arrivalMs - fromMs) / (toMs - fromMs)));
}

/** Share of the whole: each shard counts the same, because what is in it is not known before. */
export function shareOfAll(total: number, done: number, begun: readonly number[]): number {
  if (total === 0) return 0;
  const sum = begun.reduce((all, share) => all + share, done);
  return Math.min(1, sum / total);
}

/** Marks with one more. Those that the window has left go, but for one; the newest follows the present. */
export function withMark(marks: readonly PaceMark[], mark: PaceMark): readonly PaceMark[] {
  const before = marks.at(-2);
  const isNear = before !== undefined && mark.atMs - before.atMs < MARK_DISTANCE_MS;
  const all = [...(isNear ? marks.slice(0, -1) : marks), mark];
  const firstInside = all.findIndex(({ atMs }) => atMs >= mark.atMs - WINDOW_MS);
  return all.slice(Math.max(0, firstInside - 1));
}

export function paceOf(marks: readonly PaceMark[]): Pace {
  const [first] = marks;
  const last = marks.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return { recordsPerSecond: 0 };
  const elapsedMs = last.atMs - first.atMs;
  const recordsPerSecond = (1_000 * (last.records - first.records)) / elapsedMs;
  const gained = last.share - first.share;
  if (gained <= 0) return { recordsPerSecond };
  return { recordsPerSecond, leftMs: Math.round((elapsedMs * (1 - last.share)) / gained) };
}

/** Kinesis gives the readers of a shard 5 reads and 2 MB a second together (service quotas): a replay leaves the live consumer half. */
const MIN_PAUSE_MS = 400;
const BYTES_PER_SECOND = 1_000_000;

/** Least time from one read of a shard to the next, milliseconds. */
export function pauseAfterRead(bytes: number): number {
  return Math.max(MIN_PAUSE_MS, Math.ceil((1_000 * bytes) / BYTES_PER_SECOND));
}
