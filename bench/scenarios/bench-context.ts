import { Client, Connection } from '@temporalio/client';
import { startStack, type Stack } from '../../dev/stack';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../dev/stack/pins';
import { defineConsumer, TidemarkClient, type ConsumerOptions } from '../../src';
import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import type { Pinning } from '../measure/pinning';
import type { Report } from '../measure/report';

/** Sizes, from the command line. */
export interface Sizes {
  readonly records: number;
  readonly repeats: number;
  readonly seconds: number;
  readonly shards: number;
  /** Whether processes under test write CPU profiles. */
  readonly profile: boolean;
}

/** The servers that all benchmarks of one run share. */
export class BenchContext {
  private consumers = 0;

  private constructor(
    readonly sizes: Sizes,
    readonly pinning: Pinning,
    readonly report: Report,
    private readonly servers: { readonly stack: Stack; readonly temporal: Client },
  ) {}

  static async start(sizes: Sizes, pinning: Pinning, report: Report): Promise<BenchContext> {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME };
    const stack = await startStack({
      env,
      servers: ['temporal', 'dynamodb'],
      temporal: { headless: true },
      onProgress: (line) => report.progress(line),
    });
    try {
      const connection = await Connection.connect({ address: stack.temporalAddress });
      const context = new BenchContext(sizes, pinning, report, { stack, temporal: new Client({ connection }) });
      await context.createTable();
      return context;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  get stack(): Stack {
    return this.servers.stack;
  }

  get temporal(): Client {
    return this.servers.temporal;
  }

  get client(): TidemarkClient {
    return new TidemarkClient(this.temporal);
  }

  async stop(): Promise<void> {
    await this.temporal.connection.close();
    await this.stack.stop();
  }

  /** Options of a consumer that has never run: its checkpoints start anew. */
  newConsumer(
    endpoints: { kinesis: string; dynamodb?: string },
    options: Partial<ConsumerOptions> = {},
  ): ConsumerOptions {
    this.consumers += 1;
    const dynamodbEndpoint = endpoints.dynamodb ?? this.stack.dynamodbEndpoint;
    const aws = {
      region: LOCAL_REGION,
      kinesisEndpoint: endpoints.kinesis,
      dynamodbEndpoint,
      credentials: LOCAL_CREDENTIALS,
    };
    return {
      name: `bench-${process.pid}-${this.consumers}`,
      stream: 'bench',
      startFrom: 'TRIM_HORIZON',
      aws,
      ...options,
    };
  }

  async startConsumer(options: ConsumerOptions): Promise<void> {
    await this.client.start(defineConsumer({ ...options, handler: async () => undefined }));
  }

  async stopConsumer({ name, stream }: ConsumerOptions): Promise<void> {
    await this.client.stop({ consumer: name, streamName: stream }, { by: 'bench', force: true });
  }

  private async createTable(): Promise<void> {
    const dynamodb = createDynamodbClient({
      region: LOCAL_REGION,
      dynamodbEndpoint: this.stack.dynamodbEndpoint,
      credentials: LOCAL_CREDENTIALS,
    });
    await createCheckpointTable(dynamodb, 'tidemark-checkpoints');
    dynamodb.destroy();
  }
}
