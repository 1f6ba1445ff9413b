import { pause } from './wait';

const TICK_MS = 50;
const MAX_BURST_MS = 1_000;
/** Share of the pace beyond what is allowed: no shard is ever without records, so that a pause of one means trouble. */
const TRICKLE = 0.1;

export interface PacerOptions {
  readonly records: number;
  readonly recordsPerSecond: number;
  /** Largest number of one `put`. */
  readonly maxAtOnce: number;
  readonly put: (count: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Has records put at a steady pace, slower beyond what is allowed. One call after the other. */
export class Pacer {
  private sent = 0;
  private allowed = 0;
  private isEnded = false;

  constructor(private readonly options: PacerOptions) {}

  /** How many records were put or tried. */
  get puts(): number {
    return this.sent;
  }

  allow(records: number): void {
    this.allowed = Math.min(this.options.records, Math.max(this.allowed, records));
  }

  /** No more, though not all were put. */
  end(): void {
    this.isEnded = true;
  }

  async run(): Promise<void> {
    const { records, recordsPerSecond, maxAtOnce, put, signal } = this.options;
    const most = Math.ceil((recordsPerSecond * MAX_BURST_MS) / 1_000);
    let due = 0;
    for (let before = performance.now(); this.sent < records && !this.isEnded;) {
      await pause(TICK_MS, signal);
      const now = performance.now();
      const pace = this.sent < this.allowed ? recordsPerSecond : recordsPerSecond * TRICKLE;
      due = Math.min(most, due + (pace * (now - before)) / 1_000);
      before = now;
      const count = Math.min(Math.floor(due), records - this.sent, maxAtOnce);
      if (count <= 0) continue;
      due -= count;
      this.sent += count;
      await put(count);
    }
  }
}
