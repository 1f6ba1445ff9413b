import { threadId } from 'node:worker_threads';
import type { ConsumerOptions } from '../../../src';
import { linesFile, LineWriter } from './lines';

/** What a worker process of a proof is told, as JSON in one environment variable; its threads read it too. */
export interface WorkerOrder<Handler = unknown> {
  /** Unique for each start of a process. */
  readonly worker: string;
  /** Where it writes its lines. */
  readonly folder: string;
  /** Files whose default exports are the consumers. */
  readonly files: readonly string[];
  readonly consumers: readonly ConsumerOptions[];
  /** What the consumer files need to know. */
  readonly handler: Handler;
}

const VARIABLE = 'TIDEMARK_PROVE_ORDER';

export function orderEnvironment(order: WorkerOrder): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(order) };
}

export function workerOrder<Handler>(): WorkerOrder<Handler> {
  const text = process.env[VARIABLE];
  if (!text) throw new Error(`${VARIABLE} is not set: this program is started by proof runs`);
  return JSON.parse(text) as WorkerOrder<Handler>;
}

/** Options of the consumer of that name, for its file. */
export function consumerNamed(name: string): ConsumerOptions {
  const consumer = workerOrder().consumers.find((candidate) => candidate.name === name);
  if (consumer === undefined) throw new Error(`this worker was not told of a consumer ${name}`);
  return consumer;
}

let lines: LineWriter | undefined;

/** The lines of this thread. */
export function threadLines(): LineWriter {
  if (lines) return lines;
  const { folder, worker } = workerOrder();
  // Threads of one process have numbers of their own.
  lines = new LineWriter(linesFile(folder, `${worker}-${threadId}`), worker);
  return lines;
}
