import { setTimeout as delay } from 'node:timers/promises';

import { errorText } from './error-text';
import { type KeptProcess } from './kept-process';
import { tailOf } from './server-log';

const POLL_INTERVAL_MS = 40;
export const START_TIMEOUT_MS = 20_000;

/** Asks the server something real; rejects while it cannot answer. Must honour the signal. */
export type Probe = (signal: AbortSignal) => Promise<void>;

/** A server that died or did not answer in time; the message ends with the tail of its log. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';

  constructor(
    message: string,
    /** The port was taken by someone else: worth another try with another port. */
    readonly portTaken: boolean,
  ) {
    super(message);
  }
}

/** Waits until the probe succeeds. Rejects when the server dies first, or after the time limit. */
export async function untilReady(name: string, server: KeptProcess, probe: Probe, timeoutMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const dead = new AbortController();
  void server.exited.then(() => dead.abort());
  const over = AbortSignal.any([deadline, dead.signal]);
  let lastProblem = 'not asked yet';
  while (!over.aborted) {
    try {
      await probe(over);
      if (server.exitReason === undefined) return;
    } catch (error) {
      lastProblem = errorText(error);
    }
    await delay(POLL_INTERVAL_MS);
  }
  const problem = server.exitReason ?? `no answer within ${timeoutMs} ms: ${lastProblem}`;
  throw startError(name, problem, server.logFile);
}

function startError(name: string, problem: string, logFile: string): ServerStartError {
  const tail = tailOf(logFile);
  const log = tail.trim() ? `, and its log ${logFile} ends with\n${tail}` : `; its log ${logFile} is empty`;
  return new ServerStartError(`${name} did not start: ${problem}${log}`, /already in use|EADDRINUSE/i.test(tail));
}
