import { BackOff } from './back-off';
import type { ProcessAddresses } from './messages';
import type { WorkerProcess } from './worker-process';

/** `waiting`: it has ended and starts again after its pause. `ended`: it does not start again. */
export type SlotState = 'starting' | 'working' | 'waiting' | 'ended';

/** The place of one process, which keeps its number when the process is another one. */
export class Slot {
  state: SlotState = 'waiting';
  process: WorkerProcess | undefined;
  addresses: ProcessAddresses = {};
  restarts = 0;
  readonly backOff: BackOff;
  private sinceMs: number;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    readonly number: number,
    private readonly now: () => number,
    random: () => number,
  ) {
    this.backOff = new BackOff(random);
    this.sinceMs = now();
  }

  /** How long it has been in its state, milliseconds. */
  get forMs(): number {
    return this.now() - this.sinceMs;
  }

  enter(state: SlotState): void {
    this.state = state;
    this.sinceMs = this.now();
    if (state !== 'working') this.addresses = {};
    if (state === 'waiting' || state === 'ended') this.process = undefined;
  }

  restartAfter(ms: number, start: () => void): void {
    this.restart = setTimeout(start, ms);
  }

  cancelRestart(): void {
    clearTimeout(this.restart);
  }
}
