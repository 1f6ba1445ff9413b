import type { Client } from '@temporalio/client';
import { TidemarkError } from '../core/errors';
import type { HistoryEntry } from '../core/history';
import type { HistoryDiff } from '../core/history-diff';
import { mapConcurrently } from '../core/map-concurrently';
import {
  shardWorkflowId,
  taskQueueFor,
  WORKFLOW_ID_PREFIX,
  workflowTypes,
  type StreamIncarnation,
} from '../core/names';
import { parentsOf } from '../core/shard-graph';
import type { ShardStatus } from '../core/shard-work';
import { timingOf } from '../core/timing';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { connectTemporal, type TemporalOptions } from '../temporal/connect';
import { hasSearchAttributes } from '../temporal/search-attributes';
import { startShardWorkflow } from '../temporal/start-workflows';
import { deadlineAfter } from './deadline-after';
import {
  auditShards,
  readDiff,
  readHistory,
  type DiffSelection,
  type HistorySelection,
  type ShardAudit,
} from './checkpoint-history';
import { BackupsClient } from './backups-client';
import { reportShards, reportStream, type ConsumerReport } from './consumer-status';
import { DeadLettersClient } from './dead-letters-client';
import { moveShards, previewMoves } from './move-checkpoints';
import type { MoveQuery } from './move-query';
import type { MovePreview } from './move-preview';
import { orderParked, type OrderedShard, type RetryParkedOptions, type SkipParkedOptions } from './parked-orders';
import {
  pauseConsumer,
  resumeConsumer,
  type ControlledConsumer,
  type PauseOptions,
  type ResumeOptions,
} from './pause-consumer';
import { registerConsumer, startConsumer, type StartedConsumer, type StartOptions } from './start-consumer';
import { ReplaysClient } from './replays-client';
import { RestorePointsClient } from './restore-points-client';
import type { MovedShard, MoveOrder } from './send-moves';
import { stopByUpdate, stopConsumer, type ConsumerName, type StopOptions, type StoppedConsumer } from './stop-consumer';
import { withServices } from './with-services';

/** Starts, stops and looks at consumers. */
export class TidemarkClient {
  /** Lists, shows, redrives and discards records that were set aside. */
  readonly deadLetters: DeadLettersClient;
  /** Remembers where all shards of a consumer stand, to go back there together. */
  readonly restorePoints: RestorePointsClient;
  /** Exports and imports checkpoints, and repairs what was lost of them. */
  readonly backups: BackupsClient;
  /** Handles a range again beside the live consumer. */
  readonly replays: ReplaysClient;

  /** @param temporal a connected Temporal client; `TidemarkClient.connect` makes one */
  constructor(private readonly temporal: Client) {
    this.deadLetters = new DeadLettersClient(temporal);
    this.restorePoints = new RestorePointsClient(temporal);
    this.backups = new BackupsClient(temporal);
    this.replays = new ReplaysClient(temporal);
  }

  /** @throws `TEMPORAL_UNAVAILABLE`, `TEMPORAL_NAMESPACE_NOT_FOUND`, `ACCESS_DENIED` */
  static async connect(temporal: TemporalOptions = {}): Promise<TidemarkClient> {
    return new TidemarkClient(await connectTemporal(temporal));
  }

  async close(): Promise<void> {
    await this.temporal.connection.close();
  }

  /**
   * Starts a consumer: registers its start position, then starts the stream workflow, which starts the shards'. Idempotent.
   * @throws `STREAM_NOT_FOUND`, `TABLE_NOT_FOUND`, `CONSUMER_CONFLICT`, `ACCESS_DENIED` …
   */
  async start({ options }: ConsumerDefinition, start: StartOptions = {}): Promise<StartedConsumer> {
    return withServices({ options }, (services) => startConsumer(this.temporal, services, options, start));
  }

  /**
   * Starts the workflow of one shard alone, without following the stream: its children are not started. Idempotent.
   * @throws `SHARD_NOT_FOUND`, and what `start` throws
   */
  async startShard(
    { options }: ConsumerDefinition,
    shardId: string,
    { taskQueue }: StartOptions = {},
  ): Promise<{ workflowId: string }> {
    return withServices({ options }, async (services) => {
      const { stream, registration } = await registerConsumer(services, options);
      const listed = await services.kinesis.listShards(stream);
      const shard = listed.find((candidate) => candidate.shardId === shardId);
      if (!shard) throw new TidemarkError('SHARD_NOT_FOUND', `Stream ${options.streamName} has no shard ${shardId}`);
      const known = (await services.store.listKnownShards(stream)).find((candidate) => candidate.shardId === shardId);
      const start = known?.start ?? registration.start;
      if (!known) await services.store.recordShards(stream, [{ shardId, parentShardIds: parentsOf(shard), start }]);
      const { workflowId } = await startShardWorkflow(this.temporal, {
        taskQueue: taskQueue ?? taskQueueFor(stream),
        input: {
          shard: { ...stream, shardId },
          parentShardIds: parentsOf(shard),
          start,
          timing: timingOf(options),
          searchAttributes: await hasSearchAttributes(this.temporal),
        },
      });
      return { workflowId };
    });
  }

  /** Where every shard of a consumer stands. Works without a worker, with less detail. @throws `STREAM_NOT_FOUND`, `TABLE_NOT_FOUND` … */
  async status({ options }: ConsumerDefinition): Promise<ConsumerReport> {
    return withServices({ options }, async ({ kinesis, store }) => {
      const { streamName, streamArn, createdAtMs } = await kinesis.describeStream(options);
      const stream: StreamIncarnation = { consumer: options.name, streamName, streamArn, createdAtMs };
      const known = await store.listKnownShards(stream);
      const [streamReport, shards] = await Promise.all([
        reportStream(this.temporal, stream),
        reportShards(this.temporal, stream, known, store),
      ]);
      return { ...stream, ...streamReport, shards };
    });
  }

  /** Status of every consumer that runs in this namespace, from Temporal alone: needs neither consumer files nor AWS. */
  async statusOfRunning(): Promise<ConsumerReport[]> {
    const streams: StreamIncarnation[] = [];
    for await (const { workflowId, memo } of this.temporal.workflow.list({ query: RUNNING_STREAMS })) {
      const [, consumer, streamName] = /^tidemark\/([^/]+)\/([^/@]+)$/.exec(workflowId) ?? [];
      const { streamArn, createdAtMs } = (memo ?? {}) as { streamArn?: string; createdAtMs?: number };
      if (consumer && streamName && streamArn && createdAtMs)
        streams.push({ consumer, streamName, streamArn, createdAtMs });
    }
    // A consumer without a worker keeps its queries waiting: it must not delay the others.
    return mapConcurrently(streams, REPORTS_AT_A_TIME, async (stream) => {
      const running = await this.runningShards(stream);
      const [streamReport, shards] = await Promise.all([
        reportStream(this.temporal, stream),
        reportShards(this.temporal, stream, running, undefined),
      ]);
      return { ...stream, ...streamReport, shards };
    });
  }

  /** Stops a consumer at its next commits. @throws `WORKFLOW_NOT_FOUND`, `NO_WORKER` */
  async stop(consumer: ConsumerDefinition | ConsumerName, options: StopOptions): Promise<StoppedConsumer> {
    return stopConsumer(this.temporal, nameOf(consumer), options);
  }

  /** Stops one shard that was started alone. The stream workflow, if it runs, starts it again. Undefined if it does not run. */
  async stopShard(
    workflowId: string,
    { by, reason, timeoutMs = 60_000 }: Omit<StopOptions, 'force'>,
  ): Promise<ShardStatus | undefined> {
    return stopByUpdate<ShardStatus>(this.temporal, workflowId, { by, reason }, deadlineAfter(timeoutMs));
  }

  /**
   * Tries again what is parked: shards, and partition keys, whose records are then handled in order. Answers once the orders are
   * carried out; whether the records succeed, `status` tells.
   * @throws `NOT_PARKED`, `WORKFLOW_NOT_FOUND`, `NO_WORKER`
   */
  async retryParked(consumer: ConsumerDefinition | ConsumerName, options: RetryParkedOptions): Promise<OrderedShard[]> {
    return orderParked(this.temporal, nameOf(consumer), 'retryParked', options);
  }

  /**
   * Sets the record at which a shard, or a partition key of it, is parked aside for good, as a discarded dead letter with name and
   * reason, and goes on behind it.
   * @throws `NOT_PARKED`, `WORKFLOW_NOT_FOUND`, `NO_WORKER`
   */
  async skipParked(consumer: ConsumerDefinition | ConsumerName, options: SkipParkedOptions): Promise<OrderedShard[]> {
    return orderParked(this.temporal, nameOf(consumer), 'skipParked', options);
  }

  /**
   * Pauses a consumer, or one shard of it, at the next commits. Lasts across deploys and resharding until it is resumed, its time is
   * over, or the consumer is stopped.
   * @throws `WORKFLOW_NOT_FOUND`, `NO_WORKER`, `INVALID_OPTION`
   */
  async pause(consumer: ConsumerDefinition | ConsumerName, options: PauseOptions): Promise<ControlledConsumer> {
    return pauseConsumer(this.temporal, nameOf(consumer), options);
  }

  /** Ends a pause. A shard that was paused by itself is to be resumed by itself. */
  async resume(consumer: ConsumerDefinition | ConsumerName, options: ResumeOptions): Promise<ControlledConsumer> {
    return resumeConsumer(this.temporal, nameOf(consumer), options);
  }

  /**
   * What a rewind, a skip or an undo would do to each shard. Nothing is changed.
   * @throws `WORKFLOW_NOT_FOUND`, `NO_WORKER`, `INVALID_OPTION`
   */
  async previewMove(consumer: ConsumerDefinition, query: MoveQuery): Promise<MovePreview[]> {
    return previewMoves(this.temporal, consumer, query);
  }

  /**
   * Moves checkpoints as `previewMove` showed. Each shard ends its batch at a commit, then goes on at the new position; a paused one
   * stays paused there.
   * @throws `MOVE_REFUSED`, `WORKFLOW_NOT_FOUND`, `NO_WORKER`
   */
  async move(consumer: ConsumerDefinition, previews: readonly MovePreview[], order: MoveOrder): Promise<MovedShard[]> {
    return moveShards(this.temporal, consumer, previews, order);
  }

  /** What happened to the checkpoint of a shard, oldest first. */
  async history(consumer: ConsumerDefinition, selection: HistorySelection): Promise<HistoryEntry[]> {
    return readHistory(consumer, selection);
  }

  /** What changed between the ends of two entries of a shard's history. @throws `INVALID_OPTION` for an entry that is not there */
  async historyDiff(consumer: ConsumerDefinition, selection: DiffSelection): Promise<HistoryDiff> {
    return readDiff(consumer, selection);
  }

  /** Whether every position of every shard is accounted for; with what is not, and what operators moved. */
  async audit(consumer: ConsumerDefinition, { shardId }: { readonly shardId?: string } = {}): Promise<ShardAudit[]> {
    return auditShards(consumer, shardId);
  }

  private async runningShards(stream: StreamIncarnation): Promise<{ shardId: string }[]> {
    const prefix = shardWorkflowId({ ...stream, shardId: '' });
    const query = `WorkflowType = '${workflowTypes.shard}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
    const shards: { shardId: string }[] = [];
    for await (const { workflowId } of this.temporal.workflow.list({ query })) {
      shards.push({ shardId: workflowId.slice(prefix.length) });
    }
    return shards.sort((a, b) => a.shardId.localeCompare(b.shardId));
  }
}

const REPORTS_AT_A_TIME = 8;

const RUNNING_STREAMS = `WorkflowType = '${workflowTypes.stream}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${WORKFLOW_ID_PREFIX}'`;

function nameOf(consumer: ConsumerDefinition | ConsumerName): ConsumerName {
  return 'options' in consumer
    ? { consumer: consumer.options.name, streamName: consumer.options.streamName }
    : consumer;
}
