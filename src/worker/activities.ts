import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createActivitiesFrom, type Activities, type ActivityDependencies } from '../activities';
import { consumerKey, type ConsumerRuntime } from '../activities/dependencies';
import { TrialLane } from '../activities/trial-lane';
import { createConsumerServices } from '../aws/consumer-services';
import { TidemarkError } from '../core/errors';
import { isConsumerDefinition, type ConsumerDefinition } from '../handler/define-consumer';
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

export interface WorkerDependencies extends ActivityDependencies {
  /** Ends the threads that handlers run in, whatever they do. */
  readonly closeRunners: () => Promise<void>;
}

export function dependenciesFor(
  consumers: readonly ConsumerDefinition[],
  worker = workerIdentity(),
): WorkerDependencies {
  const runners: HandlerRunners[] = [];
  return {
    consumers: runtimesOf(consumers, runners),
    closeRunners: async () => void (await Promise.all(runners.map((one) => one.close()))),
    worker,
    running: new Set(),
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
    const services = { kinesis, ...(fanOut ? { fanOut } : {}), store, letters, history };
    runtimes.set(key, { definition, ...services, runner: () => handlers.create() });
  }
  return runtimes;
}
