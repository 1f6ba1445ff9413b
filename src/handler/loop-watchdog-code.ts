/** What the watchdog's thread runs. As text, so that it starts in a few milliseconds wherever this package is loaded from. */

export interface WatchdogData {
  /** Shared with the main thread; the constants below are its indexes. */
  readonly cells: Int32Array;
  readonly limitMs: number;
  readonly tickMs: number;
  /** Whether it kills the process, or posts how many milliseconds the loop has been blocked. */
  readonly isDeadly: boolean;
}

export const STOPPED = 0;
/** Counts turns of the main thread's timer. */
export const BEATS = 1;
/** 1 while a debugger may hold the main thread. */
export const DEBUGGED = 2;

/** How long the main thread has for saying where it is. */
const ANSWER_LIMIT_MS = 2_000;

export const WATCHDOG_CODE = `
'use strict';
const { Session } = require('node:inspector');
const { writeSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const { cells, limitMs, tickMs, isDeadly } = workerData;

let beats = -1;
let blockedMs = 0;
let isTold = false;
let before = performance.now();
while (Atomics.load(cells, ${STOPPED}) === 0 && !watch());

/** True to end. */
function watch() {
  Atomics.wait(cells, ${STOPPED}, 0, tickMs);
  const now = performance.now();
  const passedMs = now - before;
  before = now;
  const seen = Atomics.load(cells, ${BEATS});
  if (seen !== beats || Atomics.load(cells, ${DEBUGGED}) === 1) {
    beats = seen;
    blockedMs = 0;
    isTold = false;
    return false;
  }
  // Longer than it meant to wait: the process as a whole did not run.
  if (passedMs < 2 * tickMs) blockedMs += passedMs;
  if (blockedMs <= limitMs || isTold) return false;
  isTold = true;
  if (!isDeadly) parentPort.postMessage(blockedMs);
  else sayWhere(kill);
  return isDeadly;
}

function kill(where) {
  const seconds = (blockedMs / 1000).toFixed(1);
  const text = 'tidemark: process ' + process.pid + ' is killed: its event loop has been blocked for ' + seconds + ' s' + where +
    '. Its shards go on in other processes. A handler that must block needs isolation: \\'thread\\'.\\n';
  try {
    writeSync(2, text);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Interrupts the main thread to see what it does: names and places of functions, no values. */
function sayWhere(done) {
  setTimeout(done, ${ANSWER_LIMIT_MS}, '');
  try {
    const session = new Session();
    session.connectToMainThread();
    const files = new Map();
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
    session.on('Debugger.paused', ({ params }) => {
      const frames = params.callFrames.slice(0, 5).map(({ functionName, location: { scriptId, lineNumber } }) =>
        (functionName || '<anonymous>') + ' (' + (files.get(scriptId) || '?') + ':' + (lineNumber + 1) + ')');
      done(frames.length === 0 ? '' : ' in ' + frames.join(' < '));
    });
    session.post('Debugger.enable', () => session.post('Debugger.pause'));
  } catch {
    // A Node without an inspector: the limit above ends it.
  }
}
`;
