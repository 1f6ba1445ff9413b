import { NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { createActivitiesFrom } from '../activities';
import { taskQueueFor } from '../core/names';
import { TidemarkError } from '../core/errors';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { LARGEST_ANSWER_BYTES } from '../kinesis/page-bytes';
import { startLoopWatchdog } from '../handler/loop-watchdog';
import {
  dataConverterOf,
  resolveTemporal,
  translateTemporalError,
  type ResolvedTemporal,
  type TemporalOptions,
} from '../temporal/connect';
import { dependenciesFor, workerIdentity, type WorkerDependencies } from './activities';
import { startHealthServer, type HealthServer } from './health-server';
import { observe, type ObservedWorker } from './observe';
import { installExporter, type MetricsOptions } from './telemetry';
import { assertEncrypted } from '../temporal/plaintext';
import { describeFiles } from './consumer-file';
import { RehearsingWorker } from './rehearsing-worker';
import { meetServices, standBy } from './stand-by';
import { workflowBundle } from './workflow-source';

export interface WorkerOptions {
  /** Where Temporal is, where the standard configuration does not say it. */
  readonly temporal?: TemporalOptions;
  /**
   * Most shards of one consumer that this process reads at the same time. A shard occupies its place all the time, so it should be
   * at least the number of shards divided by the number of workers that survive the loss of one.
   *
   * @minimum 1
   * @maximum 10000
   * @default 1000
   */
  readonly maxShards?: number;
  /**
   * Most bytes that this process holds of records, read ahead or being handled, and of answers under way, which take up to four times as
   * much as their records; all shards together. Reading waits for room. What handlers hold is not in it, nor what garbage collection has
   * not given back yet.
   *
   * @minimum 41943040
   * @default 134217728
   */
  readonly maxBufferedBytes?: number;
  /**
   * Task queue instead of the consumers' own: for workflows that were started with one. Such a worker gets nothing of a live consumer.
   */
  readonly taskQueue?: string;
  /**
   * Whether this process is killed once its event loop has been blocked for twice the heartbeat timeout (10 seconds at least): by then it
   * has lost its shards, and a handler in an endless loop would hold the process for ever. What restarts the process must be there.
   *
   * @default true
   */
  readonly killWhenBlocked?: boolean;
  /**
   * Records metrics of shards and consumers, and exports them together with those of Temporal's SDK. Off if left out. With an address in it
   * this must be the first use of Temporal's worker package in the process.
   */
  readonly metrics?: MetricsOptions;
  /**
   * Address on which `/livez` and `/readyz` are answered: `host:port`, or a port of 127.0.0.1; port 0 takes a free one. Off if left out.
   */
  readonly health?: string;
  /**
   * After how long without progress, although it knows of records, a running shard makes `/livez` fail, milliseconds. Waiting for Kinesis or
   * DynamoDB does not count, nor do the pauses of the failure policy. Default: 5 minutes, or three times the longest `handlerTimeoutMs` if
   * that is more.
   *
   * @minimum 1000
   */
  readonly stuckAfterMs?: number;
}

/** A worker process for one or more consumers. */
export interface TidemarkWorker {
  /** Works until `shutdown`, or until a signal that Temporal's runtime obeys (SIGINT, SIGTERM); then finishes the batches in flight. */
  run(): Promise<void>;
  /** Begins a graceful stop: no new slices, batches in flight are finished, committed and handed over. */
  shutdown(): void;
  /** Shards that this process reads now, as `<consumer>/<stream>/<shard id>`. */
  runningShards(): string[];
  /** Where `/livez` and `/readyz` are answered, if they are: `http://host:port`. */
  readonly healthUrl?: string;
}

/**
 * A worker for the given consumers, each on its own task queue. Connects to Temporal, and asks the AWS services once, without effect and
 * whatever they answer, so that no shard waits for a first time.
 * @throws `INVALID_OPTION`, `DUPLICATE_CONSUMER`, `TEMPORAL_UNAVAILABLE`
 */
export async function createWorker(
  consumers: readonly ConsumerDefinition[],
  options: WorkerOptions = {},
): Promise<TidemarkWorker> {
  checkMaxShards(options.maxShards);
  checkStuckAfter(options.stuckAfterMs);
  checkBufferedBytes(options.maxBufferedBytes);
  const dependencies = dependenciesFor(consumers, options);
  if (options.metrics) installExporter(options.metrics);
  // Before anything that must be closed again: an address may be taken.
  const health = options.health === undefined ? undefined : await startHealthServer(options.health);
  try {
    return await connectAndCreate(consumers, { dependencies, health, options });
  } catch (error) {
    await health?.close();
    throw error;
  }
}

interface CreateWorld {
  readonly dependencies: WorkerDependencies;
  readonly health: HealthServer | undefined;
  readonly options: WorkerOptions;
}

async function connectAndCreate(
  consumers: readonly ConsumerDefinition[],
  { dependencies, health, options }: CreateWorld,
): Promise<TidemarkWorker> {
  const temporal = resolveTemporal(options.temporal);
  const { namespace } = temporal;
  assertEncrypted(temporal.connectionOptions, options.temporal?.allowPlaintext);
  for (const line of describeFiles(consumers)) Runtime.instance().logger.info(line);
  const connection = await connectWorker(temporal);
  // Beside the start of the sandbox, which takes another thread half a second.
  void meetServices(dependencies);
  const maxShards = options.maxShards ?? DEFAULT_MAX_SHARDS;
  const observed = await createWorkers(consumers, { maxShards, dependencies, connection, options, namespace }).catch(
    (error: unknown) => {
      throw translateTemporalError(error, { address: temporal.connectionOptions.address, namespace });
    },
  );
  const observation = observe(observed, { connection, namespace }, health, options);
  const workers = observed.map(({ worker }) => worker);
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async (): Promise<void> => {
    const watchdog =
      options.killWhenBlocked === false ? undefined : startLoopWatchdog({ limitMs: blockLimitMs(consumers) });
    const waiting = standBy(workers, dependencies);
    try {
      await runAll(workers, shutdown);
    } finally {
      waiting.stop();
      watchdog?.stop();
      await observation.stop();
      dependencies.keptSources.close();
      await dependencies.closeRunners();
      await connection.close();
    }
  };
  const runningShards = (): string[] => [...dependencies.running];
  return { run, shutdown, runningShards, ...(health ? { healthUrl: health.url } : {}) };
}

interface WorkersWorld {
  readonly maxShards: number;
  readonly dependencies: WorkerDependencies;
  readonly connection: NativeConnection;
  readonly options: WorkerOptions;
  readonly namespace: string;
}

async function createWorkers(
  consumers: readonly ConsumerDefinition[],
  { maxShards, dependencies, connection, options: { temporal, taskQueue }, namespace }: WorkersWorld,
): Promise<ObservedWorker[]> {
  const bundle = await workflowBundle();
  const activities = { ...createActivitiesFrom(dependencies) };
  const create = ({ options: { name, streamName } }: ConsumerDefinition): Promise<Worker> =>
    RehearsingWorker.create({
      connection,
      namespace,
      identity: workerIdentity(),
      taskQueue: taskQueue ?? taskQueueFor({ consumer: name, streamName }),
      workflowBundle: bundle,
      dataConverter: dataConverterOf(temporal ?? {}),
      activities,
      // A shard holds its slot for good; the reserve lets listings and stops through when all shards are here.
      maxConcurrentActivityTaskExecutions: maxShards + 10,
      maxCachedWorkflows: maxShards + 10,
      // Eager activities would keep every shard on the worker that ran its first slice (measured: 64 of 64).
      maxEagerActivityReservationsPerWorkflowTask: 0,
      // After a crash, queries and workflow tasks wait this long for the dead worker.
      stickyQueueScheduleToStartTimeout: '3 seconds',
    });
  return Promise.all(consumers.map(async (definition) => ({ definition, worker: await create(definition) })));
}

const MIN_BLOCK_LIMIT_MS = 10_000;

function blockLimitMs(consumers: readonly ConsumerDefinition[]): number {
  return Math.max(MIN_BLOCK_LIMIT_MS, ...consumers.map(({ options }) => 2 * options.heartbeatTimeoutMs));
}

/** A connection that has seen its namespace: a worker itself does not say what it is refused for. */
async function connectWorker({ connectionOptions, namespace }: ResolvedTemporal): Promise<NativeConnection> {
  const { address, tls, apiKey, metadata } = connectionOptions;
  try {
    const key = typeof apiKey === 'function' ? apiKey() : apiKey;
    const connection = await NativeConnection.connect({ address, tls, apiKey: key, metadata });
    await connection.workflowService.describeNamespace({ namespace });
    return connection;
  } catch (error) {
    throw translateTemporalError(error, { address, namespace });
  }
}

/** One that fails takes the others with it, in an orderly way. */
async function runAll(workers: readonly Worker[], shutdown: () => void): Promise<void> {
  const run = (worker: Worker): Promise<void> => worker.run().finally(shutdown);
  const outcomes = await Promise.allSettled(workers.map(run));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

const DEFAULT_MAX_SHARDS = 1_000;

function checkMaxShards(maxShards = DEFAULT_MAX_SHARDS): void {
  if (Number.isInteger(maxShards) && maxShards >= 1 && maxShards <= 10_000) return;
  throw new TidemarkError(
    'INVALID_OPTION',
    `Expected \`maxShards\` to be a whole number from 1 to 10000, got \`${maxShards}\``,
  );
}

function checkBufferedBytes(bytes: number | undefined): void {
  if (bytes === undefined || (Number.isInteger(bytes) && bytes >= LARGEST_ANSWER_BYTES)) return;
  throw new TidemarkError(
    'INVALID_OPTION',
    `Expected \`maxBufferedBytes\` to be a whole number of at least ${LARGEST_ANSWER_BYTES}, one answer, got \`${bytes}\``,
  );
}

function checkStuckAfter(stuckAfterMs: number | undefined): void {
  if (stuckAfterMs === undefined || (Number.isFinite(stuckAfterMs) && stuckAfterMs >= 1_000)) return;
  throw new TidemarkError(
    'INVALID_OPTION',
    `Expected \`stuckAfterMs\` to be a number of at least 1000, got \`${stuckAfterMs}\``,
  );
}
