import { say } from '../output';
import { describeEnding, describePause } from './endings';
import type { ProcessAddresses } from './messages';
import { Slot } from './slot';
import type { Ending, ProcessListener, WorkerProcess } from './worker-process';

/** How long processes that were told to leave may take to say what they leave behind. */
const LEAVE_MS = 1_000;

export interface SupervisorWorld {
  readonly processes: number;
  /** Starts a process. `isFirst`: none was ready before. */
  readonly start: (number: number, isFirst: boolean, listener: ProcessListener) => WorkerProcess;
  /** All processes were told to start once the first one was ready. */
  readonly allStarted?: () => void;
  readonly now?: () => number;
  readonly random?: () => number;
}

/**
 * Keeps a number of worker processes at work. The first one starts alone: if it ends before it is ready, so would all, and that is the
 * end. After it has been ready once, every process that ends is started again, after a pause.
 */
export class Supervisor {
  readonly slots: readonly Slot[];
  private wasReady = false;
  private exitCode = 0;
  private stopping: string | undefined;
  private isLeaving = false;
  private finish: (exitCode: number) => void = () => undefined;

  constructor(private readonly world: SupervisorWorld) {
    const { now = () => performance.now(), random = Math.random } = world;
    this.slots = Array.from({ length: world.processes }, (_, index) => new Slot(index + 1, now, random));
  }

  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** Works until it is stopped and all processes have ended. Returns the exit code. */
  run(): Promise<number> {
    const finished = new Promise<number>((resolve) => (this.finish = resolve));
    const [first] = this.slots;
    if (first) this.start(first);
    return finished;
  }

  /** Lets every process finish its batches and hand over. */
  stop(signal: string): void {
    this.stopping = signal;
    for (const slot of this.slots) {
      slot.cancelRestart();
      if (slot.process) slot.process.send({ tidemark: 'stop', signal });
      else slot.enter('ended');
    }
    this.finishIfAllEnded();
  }

  /** Ends every process at once. */
  leave(signal: string, exitCode: number): void {
    this.stopping ??= signal;
    this.isLeaving = true;
    this.exitCode = exitCode;
    for (const { process } of this.slots) process?.send({ tidemark: 'leave', signal, exitCode });
    setTimeout(() => {
      for (const { process } of this.slots) process?.kill();
    }, LEAVE_MS).unref();
    this.finishIfAllEnded();
  }

  private start(slot: Slot): void {
    slot.enter('starting');
    try {
      slot.process = this.world.start(slot.number, !this.wasReady, {
        ready: (addresses) => this.onReady(slot, addresses),
        ended: (ending) => this.onEnded(slot, ending),
      });
    } catch (error) {
      // A machine without memory for one more process; the others go on.
      this.onEnded(slot, { code: null, signal: null, failure: `It cannot start: ${(error as Error).message}` });
    }
  }

  private onReady(slot: Slot, addresses: ProcessAddresses): void {
    slot.enter('working');
    slot.addresses = addresses;
    if (this.wasReady) return;
    this.wasReady = true;
    if (this.isStopping) return;
    for (const other of this.slots) if (other !== slot) this.start(other);
    this.world.allStarted?.();
  }

  private onEnded(slot: Slot, ending: Ending): void {
    if (this.isStopping) this.onStopped(slot, ending);
    else if (!this.wasReady && ending.signal === null) this.giveUp(slot, ending);
    else this.restart(slot, ending);
  }

  private onStopped(slot: Slot, ending: Ending): void {
    const isClean = ending.code === 0 || slot.state === 'starting';
    if (!isClean && !this.isLeaving) {
      say(`${describeEnding(slot, ending)} What it had not committed is handled again.`);
      this.exitCode = 1;
    }
    slot.enter('ended');
    this.finishIfAllEnded();
  }

  private giveUp(slot: Slot, ending: Ending): void {
    say(ending.failure ?? describeEnding(slot, ending));
    slot.enter('ended');
    // It was to work: an end is no success, whatever the process says.
    this.finish(ending.code || 1);
  }

  private restart(slot: Slot, ending: Ending): void {
    const pauseMs = slot.backOff.next(slot.state === 'working' ? slot.forMs : 0);
    if (ending.failure !== undefined) say(`[${slot.number}] ${ending.failure}`);
    say(`${describeEnding(slot, ending)} It starts again in ${describePause(pauseMs)}.`);
    slot.enter('waiting');
    slot.restartAfter(pauseMs, () => {
      slot.restarts += 1;
      this.start(slot);
    });
  }

  private finishIfAllEnded(): void {
    if (this.slots.every(({ process }) => process === undefined)) this.finish(this.exitCode);
  }
}
