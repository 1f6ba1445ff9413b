import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../../src/activities';
import type { StreamIncarnation } from '../../src/core/names';
import { TRIM_HORIZON } from '../../src/core/positions';
import type { ShardWorkflowInput, StreamWorkflowInput, Timing } from '../../src/core/shard-work';
import { startShardWorkflow, startStreamWorkflow } from '../../src/temporal/start-workflows';
import { workflowBundle } from '../../src/worker/workflow-source';
import { stackEnv } from './stack-env';

export const TIMING: Timing = { heartbeatTimeoutMs: 10_000, shardSyncIntervalMs: 60_000 };
export const SHARD_ID = 'shardId-000000000000';

/** Fake activities: what a test leaves out fails when it is called. */
export type FakeActivities = Partial<Activities>;

let quietRuntime: Runtime | undefined;

interface Connections {
  readonly client: Client;
  readonly native: NativeConnection;
}

/**
 * Temporal for the tests of one file: connects before them, and after each test ends its worker and its workflows.
 * The address is that of the shared local stack unless another is given.
 */
export function useWorkflowEnv(address: () => Promise<string> | string = () => stackEnv().temporalAddress): () => Lab {
  let connections: Connections | undefined;
  const labs: Lab[] = [];
  beforeAll(async () => {
    quietRuntime ??= Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
    });
    const at = { address: await address() };
    await workflowBundle();
    connections = {
      client: new Client({ connection: await Connection.connect(at) }),
      native: await NativeConnection.connect(at),
    };
  });
  afterEach(async () => {
    await Promise.all(labs.splice(0).map((lab) => lab.close()));
  });
  afterAll(async () => {
    await connections?.native.close();
    await connections?.client.connection.close();
  });
  return () => {
    if (!connections) throw new Error('Temporal is connected in beforeAll: open a lab inside a test');
    const lab = new Lab(connections);
    labs.push(lab);
    return lab;
  };
}

/** One test: a task queue and a stream of its own, and at most one worker at a time. */
export class Lab {
  readonly taskQueue = `test-${randomUUID()}`;
  readonly stream: StreamIncarnation;
  private running: { readonly worker: Worker; readonly ended: Promise<void> } | undefined;
  private readonly started: WorkflowHandle[] = [];

  constructor(private readonly connections: Connections) {
    const streamName = this.taskQueue.slice(0, 13);
    this.stream = {
      consumer: 'c',
      streamName,
      streamArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${streamName}`,
      createdAtMs: 1_700_000_000_000,
    };
  }

  get client(): Client {
    return this.connections.client;
  }

  async startWorker(activities: FakeActivities, options: Partial<WorkerOptions> = {}): Promise<void> {
    const worker = await Worker.create({
      connection: this.connections.native,
      taskQueue: this.taskQueue,
      workflowBundle: await workflowBundle(),
      activities,
      maxEagerActivityReservationsPerWorkflowTask: 0,
      stickyQueueScheduleToStartTimeout: '3 seconds',
      ...options,
    });
    this.running = { worker, ended: worker.run() };
  }

  async stopWorker(): Promise<void> {
    this.running?.worker.shutdown();
    await this.running?.ended;
    this.running = undefined;
  }

  async startShard(more: Partial<ShardWorkflowInput> = {}, shardId = SHARD_ID): Promise<WorkflowHandle> {
    const shard = { ...this.stream, shardId };
    const input = { shard, parentShardIds: [], start: TRIM_HORIZON, timing: TIMING, searchAttributes: false, ...more };
    return this.keep(await startShardWorkflow(this.client, { taskQueue: this.taskQueue, input }));
  }

  async startStream(more: Partial<StreamWorkflowInput> = {}): Promise<WorkflowHandle> {
    const registration = { start: TRIM_HORIZON, requestedStart: 'TRIM_HORIZON', registeredAtMs: 1_700_000_000_000 };
    const input = { stream: this.stream, registration, timing: TIMING, searchAttributes: false, ...more };
    return this.keep(await startStreamWorkflow(this.client, { taskQueue: this.taskQueue, input }));
  }

  async close(): Promise<void> {
    await Promise.all(this.started.map((handle) => handle.terminate('the test is over').catch(() => undefined)));
    await this.stopWorker();
  }

  /** The handle without a run id: it follows continue-as-new. */
  private keep(started: WorkflowHandle): WorkflowHandle {
    const handle = this.client.workflow.getHandle(started.workflowId);
    this.started.push(handle);
    return handle;
  }
}
