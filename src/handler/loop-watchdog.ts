import { url as debuggerUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { BEATS, DEBUGGED, STOPPED, WATCHDOG_CODE, type WatchdogData } from './loop-watchdog-code';

export interface LoopWatchdogOptions {
  /** How long the event loop may be blocked, milliseconds. */
  readonly limitMs: number;
  /** Told once the loop turns again, with milliseconds, in place of killing the process. */
  readonly onBlocked?: (blockedMs: number) => void;
}

/**
 * Kills this process once its event loop has been blocked for longer than the limit: a handler in an endless loop would hold the
 * shards of the process for ever, and nothing else in the process could do anything about it. What blocks the loop is said on standard
 * error. Time in which the process did not run at all (SIGSTOP, a machine that sleeps) does not count, nor time with a debugger.
 */
export function startLoopWatchdog({ limitMs, onBlocked }: LoopWatchdogOptions): { stop(): void } {
  const tickMs = Math.min(1_000, Math.max(20, limitMs / 20));
  const cells = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  const workerData: WatchdogData = { cells, limitMs, tickMs, isDeadly: onBlocked === undefined };
  const worker = new Worker(WATCHDOG_CODE, {
    eval: true,
    name: 'tidemark watchdog',
    workerData,
    // Nothing of what the process was started with is for it.
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
  worker.on('message', (blockedMs: number) => onBlocked?.(blockedMs));
  worker.on('error', (error) =>
    process.emitWarning(`The watchdog of the event loop has ended: ${error.message}`, 'TidemarkWarning'),
  );
  worker.unref();
  const beat = (): void => {
    Atomics.store(cells, DEBUGGED, debuggerUrl() === undefined ? 0 : 1);
    Atomics.add(cells, BEATS, 1);
  };
  const timer = setInterval(beat, tickMs).unref();
  return {
    stop: () => {
      clearInterval(timer);
      Atomics.store(cells, STOPPED, 1);
      Atomics.notify(cells, STOPPED);
    },
  };
}
