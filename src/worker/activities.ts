import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createActivitiesFrom, type Activities, type ActivityDependencies } from '../activities';
import { consumerKey, type ConsumerRuntime } from '../activities/dependencies';
import { KeptSources } from '../activities/kept-sources';
import { TrialLane } from '../activities/trial-lane';
import { kinesisEndpointOf } from '../aws/clients';
import { createConsumerServices } from '../aws/consumer-services';
import { TidemarkError } from '../core/errors';
import { budgetAt } from '../core/read-budget';
import { isConsumerDefinition, type ConsumerDefinition } from '../handler/define-consumer';
import type { HandlerRunner } from '../handler/handler-runner';
import { PageMemory } from '../kinesis/page-memory';
import { createHandlerRunners, type HandlerRunners } from './handler-runners';

/** How this process calls itself in Temporal and in status. */
export function workerIdentity(): string {
  return `${hostname()}:${process.pid}`;
}

/**
 * Tidemark's activities for the given consumers, to add to a worker of your own beside your activities.
 * @throws `INVALID_OPTION`, `DUPLICATE_CONSUMER`
 */
export function createActivities(consumers: readonly ConsumerDefinition[]): Activities {
  return createActivitiesFrom(dependenciesFor(consumers));
}

const DEFAULT_BUFFERED_BYTES = 128 * 1_024 * 1_024;

export interface WorkerDependencies extends ActivityDependencies {
  /** Ends the threads that handlers run in, whatever they do. */
  readonly closeRunners: () => Promise<void>;
}

export function dependenciesFor(
  consumers: readonly ConsumerDefinition[],
  { maxBufferedBytes = DEFAULT_BUFFERED_BYTES }: { readonly maxBufferedBytes?: number } = {},
): WorkerDependencies {
  const runners: HandlerRunners[] = [];
  return {
    consumers: runtimesOf(consumers, runners),
    closeRunners: async () => void (await Promise.all(runners.map((one) => one.close()))),
    worker: workerIdentity(),
    running: new Set(),
    pageMemory: new PageMemory(maxBufferedBytes),
    keptSources: new KeptSources(),
    now: Date.now,
    random: Math.random,
    mintToken: randomUUID,
    trialLane: new TrialLane(),
  };
}

function runtimesOf(consumers: readonly ConsumerDefinition[], runners: HandlerRunners[]): Map<string, ConsumerRuntime> {
  if (consumers.length === 0)
    throw new TidemarkError('INVALID_OPTION', 'A worker needs at least one consumer, got none');
  const runtimes = new Map<string, ConsumerRuntime>();
  for (const definition of consumers) {
    if (!isConsumerDefinition(definition)) {
      throw new TidemarkError('INVALID_OPTION', 'A worker takes what defineConsumer(...) returns, got something else');
    }
    const { name, streamName } = definition.options;
    const key = consumerKey({ consumer: name, streamName });
    if (runtimes.has(key)) {
      throw new TidemarkError('DUPLICATE_CONSUMER', `Two consumers are called ${name} on stream ${streamName}`);
    }
    const { kinesis, fanOut, store, letters, history } = createConsumerServices(definition.options);
    const handlers = createHandlerRunners(definition);
    runners.push(handlers);
    const budget = budgetAt(definition.options.readBudget, kinesisEndpointOf(definition.options.aws));
    const runner = (): HandlerRunner => handlers.create();
    const services = { kinesis, ...(fanOut ? { fanOut } : {}), store, letters, history };
    runtimes.set(key, { definition, ...services, budget, runner });
  }
  return runtimes;
}
