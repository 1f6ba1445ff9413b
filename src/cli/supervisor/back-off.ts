const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
/** A process that has worked for this long has proved that it can. */
export const HEALTHY_MS = 60_000;

/** How long to wait before a process that has ended starts again: doubled with each end in a row, and never the same for two processes. */
export class BackOff {
  private ends = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** Milliseconds to wait, from 0.5 s to 30 s. `workedMs` is how long the process has worked since it was ready. */
  next(workedMs: number): number {
    this.ends = workedMs >= HEALTHY_MS ? 1 : this.ends + 1;
    const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.ends - 1));
    return Math.round(fullMs * (0.5 + this.random() / 2));
  }
}
