import type { ResourceLimits } from 'node:worker_threads';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { HandlerRunner } from '../handler/handler-runner';
import { inlineRunner } from '../handler/inline-runner';
import { ThreadPool, type ThreadPoolOptions } from '../handler/thread/thread-pool';
import { threadRunner, type ThreadRunnerOptions } from '../handler/thread/thread-runner';
import { fileOf } from './consumer-file';
import { startHandlerThread } from './start-handler-thread';

/** Where the handler of one consumer runs in this process. */
export interface HandlerRunners {
  /** Threads that live. */
  readonly size: number;
  /** For one slice, which closes it. */
  create(): HandlerRunner;
  /** Ends all threads, whatever they do. */
  close(): Promise<void>;
}

export interface HandlerRunnersOptions extends Omit<ThreadPoolOptions, 'start'>, ThreadRunnerOptions {
  readonly limits?: ResourceLimits;
}

/** @throws `INVALID_OPTION` for a consumer that is to run in threads and whose file is not known */
export function createHandlerRunners(
  definition: ConsumerDefinition,
  { limits, graceMs, ...options }: HandlerRunnersOptions = {},
): HandlerRunners {
  const { isolation, name: consumer, streamName } = definition.options;
  if (isolation === 'inline') return { size: 0, create: () => inlineRunner(definition), close: async () => undefined };
  const file = fileOf(definition);
  const pool = new ThreadPool({ ...options, start: () => startHandlerThread({ file, consumer, streamName, limits }) });
  return {
    get size() {
      return pool.size;
    },
    create: () => threadRunner(definition, pool, { graceMs }),
    close: () => pool.close(),
  };
}
