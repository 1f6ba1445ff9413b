import { createRequire } from 'node:module';
import { TidemarkError } from '../core/errors';
import { defineConsumer } from '../handler/define-consumer';
import { eachRecord } from '../handler/each-record';
import { RecordRejectedError } from '../handler/record-rejected-error';
import { aggregate } from '../kinesis/aggregate';
import type * as tidemark from '../index';

const load = createRequire(__filename);

/**
 * `tidemark` as a handler's thread sees it: what consumers are made of. The rest takes Temporal's and AWS's libraries, which cost every
 * thread a second and 100 MB; a worker in a worker's thread would be a mistake anyway.
 */
export const threadApi: Record<keyof typeof tidemark, unknown> = {
  defineConsumer,
  eachRecord,
  aggregate,
  RecordRejectedError,
  TidemarkError,
  createWorker: async () => refuse('createWorker'),
  createActivities: () => refuse('createActivities'),
  metricsExporter: () => refuse('metricsExporter'),
  workflowsPath: () => load.resolve('../workflows'),
  /** Loaded when it is used. */
  TidemarkClient: new Proxy(class TidemarkClient {}, {
    construct: (_, given: ConstructorParameters<typeof tidemark.TidemarkClient>) => new (loadClient())(...given),
    get: (_, name) => Reflect.get(loadClient(), name) as unknown,
  }),
};

function loadClient(): typeof tidemark.TidemarkClient {
  return (load('../client/tidemark-client') as Pick<typeof tidemark, 'TidemarkClient'>).TidemarkClient;
}

function refuse(name: string): never {
  throw new TidemarkError('INVALID_CONSUMER_FILE', `${name} was called in the thread of a handler`, {
    hint: 'The thread loads the consumer file again: keep what starts workers out of it.',
  });
}
