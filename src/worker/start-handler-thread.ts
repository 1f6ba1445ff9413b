import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { MessageChannel, Worker, type MessagePort, type ResourceLimits } from 'node:worker_threads';
import type { StartedThread } from '../handler/thread/handler-thread';

export interface HandlerThreadOptions {
  readonly file: string;
  readonly consumer: string;
  readonly streamName: string;
  /** Limits of the thread's memory. Default: those of the process. */
  readonly limits?: ResourceLimits;
}

/** What the thread is given. */
export interface HandlerThreadData extends Omit<HandlerThreadOptions, 'limits'> {
  readonly port: MessagePort;
  readonly cacheFolder: string;
}

export function startHandlerThread({ limits, ...options }: HandlerThreadOptions): StartedThread {
  const { port1: port, port2 } = new MessageChannel();
  const workerData: HandlerThreadData = { ...options, port: port2, cacheFolder: cacheFolder() };
  const { code, isEval } = entry();
  const worker = new Worker(code, {
    eval: isEval,
    name: `tidemark ${options.consumer}`,
    workerData,
    transferList: [port2],
    resourceLimits: limits,
  });
  return { worker, port };
}

/** A source checkout has no compiled code: there the thread loads it with jiti. */
function entry(): { code: string; isEval: boolean } {
  const path = require.resolve('./handler-thread');
  if (extname(path) === '.js') return { code: path, isEval: false };
  const code = `require(${JSON.stringify(require.resolve('jiti'))}).createJiti(${JSON.stringify(path)})(${JSON.stringify(path)})`;
  return { code, isEval: true };
}

let folder: string | undefined;

/** Of this process alone: the first thread leaves there what the others need not do again. */
function cacheFolder(): string {
  if (folder !== undefined) return folder;
  const created = mkdtempSync(join(tmpdir(), 'tidemark-'));
  process.once('exit', () => rmSync(created, { recursive: true, force: true }));
  folder = created;
  return created;
}
