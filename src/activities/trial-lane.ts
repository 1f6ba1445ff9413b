import { sleep } from './sleep';

/** Whoever has killed a process before lets the others of its process go first: they come back from its death at about the same time. */
const KILLER_WAIT_MS = 1_000;

export interface TrialRequest {
  /** How often an execution has died on these records, as far as is known. */
  readonly deaths: number;
  /** Aborts when the slice is to end. */
  readonly stop: AbortSignal;
}

interface Waiting {
  readonly deaths: number;
  readonly start: () => void;
}

/**
 * One trial at a time in this process. A handler that kills the process takes every shard of it along: were two under suspicion tried at
 * once, the innocent one would be counted as having died too. The least suspicious goes first, so that a killer cannot starve the others.
 */
export class TrialLane {
  private isBusy = false;
  private waiting: Waiting[] = [];

  constructor(private readonly killerWaitMs = KILLER_WAIT_MS) {}

  /** Runs `trial` in its turn. Leaves the line if `stop` aborts before. */
  async run<T>(trial: () => Promise<T>, request: TrialRequest): Promise<T | 'left'> {
    if (!(await this.turn(request))) return 'left';
    try {
      return await trial();
    } finally {
      this.isBusy = false;
      this.next();
    }
  }

  private async turn({ deaths, stop }: TrialRequest): Promise<boolean> {
    if (deaths > 0) await sleep(this.killerWaitMs, stop).catch(() => undefined);
    if (stop.aborted) return false;
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.waiting = this.waiting.filter((one) => one !== waiting);
        resolve(false);
      };
      const waiting: Waiting = {
        deaths,
        start: () => {
          stop.removeEventListener('abort', onAbort);
          resolve(true);
        },
      };
      stop.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(waiting);
      this.next();
    });
  }

  private next(): void {
    if (this.isBusy) return;
    const [first] = this.waiting.toSorted((a, b) => a.deaths - b.deaths);
    if (first === undefined) return;
    this.isBusy = true;
    this.waiting = this.waiting.filter((waiting) => waiting !== first);
    first.start();
  }
}
