import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { defineConsumer, TidemarkClient, type ConsumerDefinition, type ConsumerOptions } from '../../../src';
import { createConsumerServices, type ConsumerServices } from '../../../src/aws/consumer-services';
import type { StreamIncarnation } from '../../../src/core/names';
import { connectTemporal } from '../../../src/temporal/connect';
import { linesFile, LineWriter } from './lines';
import { untilCovered, whereShardsStand, type Newest, type ProgressWorld } from './progress';
import { orderEnvironment } from './worker-order';
import { WorkerPool, type PoolOptions, type PoolWorker } from './worker-pool';
import type { NearWorld } from './world';

export interface SceneOptions extends Pick<PoolOptions, 'folder' | 'signal' | 'nodeArgs' | 'onGone'> {
  readonly world: NearWorld;
  readonly shards: number;
  /** One for each consumer file. */
  readonly consumers: readonly ConsumerOptions[];
  /** Consumer files below `dev/prove`. */
  readonly files: readonly string[];
  /** What the consumer files are told. */
  readonly handler: unknown;
  /** Environment of the workers, over that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onProblem: (problem: unknown) => void;
  /** Whether workers may end by themselves: others are started in their place. */
  readonly expectsDeaths: boolean;
}

/** What the proofs with many records share: a stream of the Kinesis in this process, consumers of it, their workers, and lines. */
export class Scene {
  /** Sequence number of the newest record of each shard. */
  readonly newest = new Map<string, { sequenceNumber: string }>();
  /** This process's own. */
  readonly lines: LineWriter;
  readonly pool: WorkerPool;
  readonly incarnation: Omit<StreamIncarnation, 'consumer'>;
  readonly definitions: readonly ConsumerDefinition[];
  /** Reaches DynamoDB directly, whatever stands before it for the workers. */
  readonly services: ConsumerServices;

  private constructor(
    private readonly options: SceneOptions,
    readonly client: TidemarkClient,
    readonly temporal: Client,
  ) {
    const { world, folder, shards, consumers } = options;
    const { arn: streamArn, createdAtMs } = world.kinesis.createStream(world.streamName, shards);
    this.incarnation = { streamName: world.streamName, streamArn, createdAtMs };
    this.lines = new LineWriter(linesFile(folder, 'runner'), 'runner');
    this.definitions = consumers.map((consumer) => defineConsumer({ ...consumer, handler: () => undefined }));
    this.services = createConsumerServices(this.definition.options);
    this.pool = new WorkerPool(this.poolOptions());
  }

  static async open(options: SceneOptions): Promise<Scene> {
    const temporal = await connectTemporal();
    return new Scene(options, new TidemarkClient(temporal), temporal);
  }

  get definition(): ConsumerDefinition {
    const [first] = this.definitions;
    if (first === undefined) throw new Error('a scene needs a consumer');
    return first;
  }

  async start(workers: number): Promise<void> {
    for (const definition of this.definitions) await this.client.start(definition);
    await Promise.all(Array.from({ length: workers }, () => this.pool.spawn()));
  }

  put(partitionKey: string, data: string | Uint8Array, shardId?: string): { shardId: string; sequenceNumber: string } {
    const { kinesis, streamName } = this.options.world;
    const put = kinesis.put(streamName, partitionKey, data, shardId === undefined ? {} : { shardId });
    this.newest.set(put.shardId, { sequenceNumber: put.sequenceNumber });
    return put;
  }

  /** Waits until the checkpoints of every consumer cover what was put until now. */
  async untilCovered(more: Pick<ProgressWorld, 'stallLimitMs'> = {}): Promise<void> {
    const newest: Newest = new Map(this.newest);
    for (const definition of this.definitions)
      await untilCovered({ ...more, client: this.client, definition, newest, signal: this.options.signal });
  }

  async stopConsumers(): Promise<void> {
    for (const definition of this.definitions) await this.client.stop(definition, { by: 'prove' });
  }

  async standing(): Promise<string> {
    const { client, newest, definitions } = this;
    const tables = await Promise.all(definitions.map((definition) => whereShardsStand({ client, definition, newest })));
    return tables.join('\n');
  }

  async close(): Promise<void> {
    await this.pool.stop();
    for (const definition of this.definitions)
      await this.client.stop(definition, { by: 'prove', force: true }).catch(() => undefined);
    await this.client.close();
    this.services.close();
    this.lines.close();
  }

  private poolOptions(): PoolOptions {
    const { folder, files, handler, consumers, env, expectsDeaths, ...options } = this.options;
    const absolute = files.map((file) => join(__dirname, '..', file));
    const environment = (worker: string): Record<string, string> => ({
      ...orderEnvironment({ worker, folder, files: absolute, consumers, handler }),
      ...env,
    });
    const onDeath = ({ name }: PoolWorker, reason: string): void => {
      this.lines.write({ kind: 'died', reason }, name);
    };
    return {
      ...options,
      folder,
      program: 'common/proof-worker.ts',
      environment,
      ...(expectsDeaths ? { onDeath } : {}),
    };
  }
}
