import { Runtime, type NativeConnection, type Worker } from '@temporalio/worker';
import { searchAttributeNames, workflowTypes } from '../core/names';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { WatchedConsumer } from '../metrics/channels';
import { ShardPictures } from '../metrics/shard-pictures';
import { startMetrics } from '../metrics/start-metrics';
import { reportLiveness, reportReadiness, type WorkerState } from './health-report';
import type { HealthProbes, HealthServer } from './health-server';
import type { MetricsOptions } from './telemetry';

/** What tells others how this process is. */
export interface ObserveOptions {
  readonly metrics?: MetricsOptions;
  readonly stuckAfterMs?: number;
}

export interface ObservedWorker {
  readonly definition: ConsumerDefinition;
  readonly worker: Worker;
}

export interface Observation {
  /** After the workers have ended and before the connection is closed: the runtime goes with it. */
  stop(): Promise<void>;
}

/** Starts what the options ask for: metrics, and answers to health probes. */
export function observe(
  workers: readonly ObservedWorker[],
  temporal: { readonly connection: NativeConnection; readonly namespace: string },
  health: HealthServer | undefined,
  options: ObserveOptions,
): Observation {
  const { metrics } = options;
  if (!metrics && !health) return { stop: async () => undefined };
  const consumers = workers.map(consumerOf);
  const pictures = new ShardPictures(consumers);
  health?.use(probesOf(workers, pictures, temporal, options));
  const running =
    metrics &&
    startMetrics({
      meter: Runtime.instance().metricMeter,
      consumers,
      pictures,
      shardLabel: metrics.shardLabel ?? true,
      isRunning: (consumer) => workers.some((one) => isSame(consumerOf(one), consumer) && isAtWork(one.worker)),
      countParked: (consumer) => countParked(temporal, consumer),
    });
  return {
    stop: async () => {
      running?.stop();
      pictures.close();
      await health?.close();
    },
  };
}

/** Shards that know of records must have got on within this time; a handler may use up its own, and then the policy decides. */
const MIN_STUCK_AFTER_MS = 300_000;

function probesOf(
  workers: readonly ObservedWorker[],
  pictures: ShardPictures,
  { connection }: { readonly connection: NativeConnection },
  options: ObserveOptions,
): HealthProbes {
  const timeouts = workers.map(({ definition }) => 3 * definition.options.handlerTimeoutMs);
  const stuckAfterMs = options.stuckAfterMs ?? Math.max(MIN_STUCK_AFTER_MS, ...timeouts);
  const isReachable = rememberFor(ANSWER_HOLDS_MS, () => answers(connection));
  return {
    livez: () => reportLiveness(pictures.all(), { nowMs: Date.now(), stuckAfterMs }),
    readyz: async () => {
      const states = workers.map(stateOf);
      return reportReadiness(states, (await isReachable()) ? 'reachable' : 'unreachable');
    },
  };
}

function stateOf({ definition, worker }: ObservedWorker): WorkerState {
  const { name: consumer, streamName: stream } = definition.options;
  return { consumer, stream, state: worker.getState(), polls: isAtWork(worker) };
}

function isAtWork(worker: Worker): boolean {
  const { runState, activityPollerState, workflowPollerState } = worker.getStatus();
  return runState === 'RUNNING' && activityPollerState === 'POLLING' && workflowPollerState === 'POLLING';
}

const ANSWER_HOLDS_MS = 5_000;
/** Shorter than the time-out that a probe should have. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Pollers of an unreachable server go on polling: what they say of themselves is not enough. */
async function answers(connection: NativeConnection): Promise<boolean> {
  const deadline = Date.now() + ANSWER_TIMEOUT_MS;
  const call = connection
    .withDeadline(deadline, () => connection.workflowService.getSystemInfo({}))
    .then(
      () => true,
      () => false,
    );
  // The SDK tries again past the deadline (measured: 10 s), and a probe waits less.
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), ANSWER_TIMEOUT_MS).unref());
  return Promise.race([call, late]);
}

/** Probes are asked often, and must not become a load. */
function rememberFor<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let asked: { readonly atMs: number; readonly answer: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (asked === undefined || now - asked.atMs > ms) asked = { atMs: now, answer: ask() };
    return asked.answer;
  };
}

async function countParked(
  { connection, namespace }: { readonly connection: NativeConnection; readonly namespace: string },
  { consumer, streamName }: WatchedConsumer,
): Promise<number> {
  const { consumer: consumerName, stream, state } = searchAttributeNames;
  const conditions = [
    `WorkflowType = '${workflowTypes.shard}'`,
    `ExecutionStatus = 'Running'`,
    `${consumerName} = '${consumer}'`,
    `${stream} = '${streamName}'`,
    `${state} = 'PARKED'`,
  ];
  const query = conditions.join(' AND ');
  const { count } = await connection.workflowService.countWorkflowExecutions({ namespace, query });
  return Number(count);
}

function consumerOf({ definition }: Pick<ObservedWorker, 'definition'>): WatchedConsumer {
  return { consumer: definition.options.name, streamName: definition.options.streamName };
}

function isSame(a: WatchedConsumer, b: WatchedConsumer): boolean {
  return a.consumer === b.consumer && a.streamName === b.streamName;
}
