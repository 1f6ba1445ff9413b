import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  PutRecordsCommand,
  SplitShardCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { eventually } from '../../test/support/eventually';
import {
  createWorker,
  defineConsumer,
  type BatchHandler,
  type ConsumerDefinition,
  type ConsumerInput,
  type ConsumerOptions,
} from '../../src';
import { createConsumerServices } from '../../src/aws/consumer-services';
import { registerConsumer } from '../../src/client/start-consumer';
import { shardWorkflowId, taskQueueFor, type StreamIncarnation } from '../../src/core/names';
import type { ShardStatus } from '../../src/core/shard-work';
import { timingOf } from '../../src/core/timing';
import { startShardWorkflow, startStreamWorkflow } from '../../src/temporal/start-workflows';
import { recordData, recordKey } from './canaries';

export const FIRST_SHARD = 'shardId-000000000000';
/** Longest of all: two slices of an idle shard. */
const PATIENCE = { timeoutMs: 150_000, intervalMs: 100 };

type Workflow = { readonly handle: WorkflowHandle; readonly firstRunId: string };

/** One scenario's stream of one shard, its consumer, and what runs for it. */
export class Stage {
  private readonly closing: (() => Promise<unknown>)[] = [];
  private puts = 0;

  private constructor(
    readonly options: ConsumerOptions,
    readonly temporal: Client,
    private readonly kinesis: KinesisClient,
  ) {}

  static async open(
    name: string,
    { temporal, kinesis }: { temporal: Client; kinesis: KinesisClient },
    more: Partial<ConsumerOptions> = {},
  ): Promise<Stage> {
    const options: ConsumerOptions = {
      name: 'recorded',
      stream: `replay-${name}`,
      startFrom: 'TRIM_HORIZON',
      maxBatchRecords: 10,
      pollIntervalMs: 200,
      historyIntervalMs: 500,
      shardSyncIntervalMs: 60_000,
      ...more,
    };
    await kinesis.send(new CreateStreamCommand({ StreamName: options.stream, ShardCount: 1 }));
    const stage = new Stage(options, temporal, kinesis);
    await stage.streamIsActive();
    return stage;
  }

  async put(count: number, encode: (text: string) => string = (text) => text): Promise<void> {
    const records = Array.from({ length: count }, () => ({
      Data: Buffer.from(encode(recordData((this.puts += 1)))),
      PartitionKey: recordKey(this.puts),
    }));
    await this.kinesis.send(new PutRecordsCommand({ StreamName: this.options.stream, Records: records }));
  }

  async split(): Promise<void> {
    const middle = (2n ** 127n).toString();
    await this.kinesis.send(
      new SplitShardCommand({ StreamName: this.options.stream, ShardToSplit: FIRST_SHARD, NewStartingHashKey: middle }),
    );
    await this.streamIsActive();
  }

  async deleteStream(): Promise<void> {
    await this.kinesis.send(new DeleteStreamCommand({ StreamName: this.options.stream }));
  }

  async startWorker(handler: BatchHandler = () => undefined, more: Pick<ConsumerInput, 'schema'> = {}): Promise<void> {
    const worker = await createWorker([defineConsumer({ ...this.options, ...more, handler })]);
    const ended = worker.run();
    this.closing.push(() => {
      worker.shutdown();
      return ended;
    });
  }

  async startShard(maxHistoryEvents?: number): Promise<Workflow> {
    const { stream, registration, timing } = await this.register();
    const input = {
      shard: { ...stream, shardId: FIRST_SHARD },
      parentShardIds: [],
      start: registration.start,
      timing,
      searchAttributes: true,
      maxHistoryEvents,
    };
    return this.keep(await startShardWorkflow(this.temporal, { taskQueue: taskQueueFor(stream), input }));
  }

  async startStream(maxHistoryEvents?: number): Promise<Workflow> {
    const input = { ...(await this.register()), searchAttributes: true, maxHistoryEvents };
    return this.keep(await startStreamWorkflow(this.temporal, { taskQueue: taskQueueFor(input.stream), input }));
  }

  async shard(shardId = FIRST_SHARD): Promise<WorkflowHandle> {
    const { stream } = await this.register();
    return this.temporal.workflow.getHandle(shardWorkflowId({ ...stream, shardId }));
  }

  /** Resolves when the stream workflow has started the shard. */
  async shardRuns(): Promise<void> {
    const shard = await this.shard();
    await eventually(async () => (await shard.describe().catch(() => undefined)) !== undefined, {
      ...PATIENCE,
      what: `${this.options.stream}: the shard workflow`,
    });
  }

  /** Resolves when the status of a shard is as wished. */
  async until(handle: WorkflowHandle, what: string, condition: (status: ShardStatus) => boolean): Promise<void> {
    await eventually(async () => condition(await handle.query<ShardStatus>('shardStatus')), {
      ...PATIENCE,
      what: `${this.options.stream}: ${what}`,
    });
  }

  async stop(handle: WorkflowHandle): Promise<void> {
    await handle.executeUpdate('stop', { args: [{ by: 'the recorder', reason: 'end of the scenario' }] });
  }

  /** Run id of the run that followed by continue-as-new. */
  async nextRun({ handle, firstRunId }: Workflow): Promise<string> {
    return eventually(
      async () => {
        const { runId } = await handle.describe();
        return runId === firstRunId ? undefined : runId;
      },
      { ...PATIENCE, what: `${this.options.stream}: a second run` },
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.closing.map((close) => close()));
  }

  /** Who the consumer is; its handler is not of it. */
  definition(): ConsumerDefinition {
    return defineConsumer({ ...this.options, handler: () => undefined });
  }

  private async register(): Promise<
    Awaited<ReturnType<typeof registerConsumer>> & { timing: ReturnType<typeof timingOf>; stream: StreamIncarnation }
  > {
    const { options } = this.definition();
    const services = createConsumerServices(options);
    try {
      return { ...(await registerConsumer(services, options)), timing: timingOf(options) };
    } finally {
      services.close();
    }
  }

  private async streamIsActive(): Promise<void> {
    await eventually(
      async () => {
        const { StreamDescriptionSummary } = await this.kinesis.send(
          new DescribeStreamSummaryCommand({ StreamName: this.options.stream }),
        );
        return StreamDescriptionSummary?.StreamStatus === 'ACTIVE';
      },
      { ...PATIENCE, what: `stream ${this.options.stream}` },
    );
  }

  private async keep({ workflowId }: WorkflowHandle): Promise<Workflow> {
    const handle = this.temporal.workflow.getHandle(workflowId);
    this.closing.push(() => handle.terminate('the scenario is recorded').catch(() => undefined));
    return { handle, firstRunId: (await handle.describe()).runId };
  }
}
