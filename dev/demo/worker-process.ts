import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../stack/paths';
import { STREAM } from './names';

const STOP_LIMIT_MS = 10_000;

/** `halt`: stop half-way in the next batch until `go on`. */
export type WorkerMessage = 'halt' | 'go on';

/** A worker as a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  readonly journal: string;
  /** Resolves when it polls for work. Rejects with its log if it ends before. */
  readonly ready: Promise<void>;
  tell(message: WorkerMessage): void;
  /** SIGKILL: it gets no chance to say anything. Resolves when it is dead. */
  kill(): Promise<void>;
  /** SIGTERM: it finishes its batches, commits them and goes. */
  stop(): Promise<void>;
}

/** Starts dev/demo/worker.ts; `folder` takes its journal and its log. */
export function startWorkerProcess(name: string, folder: string, env: Readonly<Record<string, string>>): WorkerProcess {
  const journal = path.join(folder, `${name}.journal`);
  const logFile = path.join(folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, 'worker.ts')], {
    cwd: PROJECT_ROOT,
    env: { ...process.env, ...env, DEMO_STREAM: STREAM, DEMO_JOURNAL: journal },
    stdio: ['ignore', log, log, 'ipc'],
    detached: true, // Ctrl-C is the demo's to handle.
  });
  closeSync(log);
  const gone = once(child, 'exit').then(() => undefined);
  const ready = Promise.race([
    once(child, 'message').then(() => undefined),
    gone.then(() =>
      Promise.reject(new Error(`A worker has ended before it was ready:\n${readFileSync(logFile, 'utf8').trim()}`)),
    ),
  ]);
  ready.catch(() => undefined); // Reported where it is awaited.
  return {
    pid: child.pid ?? 0,
    journal,
    ready,
    tell: (message) => void child.send(message),
    kill: () => end(child, gone, 'SIGKILL'),
    stop: () => end(child, gone, 'SIGTERM'),
  };
}

async function end(child: ChildProcess, gone: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await gone;
  clearTimeout(timer);
}
