import { WholeBodyHandler } from '../../../src/aws/http-handler';

import type { ShardIdentity } from '../../../src/core/names';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';
import type { PaceOptions } from '../../../src/core/read-pace';
import type { KinesisPort } from '../../../src/kinesis/kinesis-port';
import { PageMemory } from '../../../src/kinesis/page-memory';
import { ShardReader, type PageReader, type ReaderOptions, type ReadResult } from '../../../src/kinesis/shard-reader';
import { StreamWatch } from '../../../src/kinesis/stream-watch';
import {
  startScriptedKinesis,
  type ScriptedKinesis,
  type ScriptedKinesisOptions,
} from '../../support/scripted-kinesis';
import { localKinesisClient } from '../../support/scripted-kinesis/client';

export const SHARD = 'shardId-000000000000';
const REQUEST_TIMEOUT_MS = 10_000;

interface SceneOptions extends ScriptedKinesisOptions {
  shards?: number;
  requestTimeoutMs?: number;
}

/** One stream `flights` on a scripted Kinesis, and readers over the real adapter whose waits take no time. */
export class ReaderScene {
  readonly waitsMs: number[] = [];
  /** Codes of the troubles that were told; `ok` when they were over. */
  readonly troubles: string[] = [];
  /** Runs at each wait, so that a test can end a fault after it was met. */
  onWait: (waits: number) => void = () => undefined;
  readonly kinesis: KinesisPort;
  readonly watch: StreamWatch;
  private readonly client;
  /** Holds nothing but what a test has not released. */
  readonly memory = new PageMemory(1_000_000_000);
  /** How much too early timers come, milliseconds. */
  earlyMs = 0;
  /** How long a wait has lasted when it is given up, as a share of the whole. */
  private static readonly GIVEN_UP_AT = 0.4;
  private monotonicMs = 0;
  private sleptMs = 0;

  private constructor(
    readonly server: ScriptedKinesis,
    readonly stream: { arn: string; createdAtMs: number },
    requestTimeoutMs: number,
  ) {
    const requestHandler = new WholeBodyHandler(requestTimeoutMs);
    this.client = localKinesisClient(server.endpoint, { requestHandler });
    this.kinesis = new AwsKinesis(this.client);
    // Each look at the clock is a second later: no call of the watch has to wait for the one before.
    this.watch = new StreamWatch(this.kinesis, this.shard, () => (this.monotonicMs += 1_000));
  }

  static async open(options: SceneOptions = {}): Promise<ReaderScene> {
    const { shards = 1, requestTimeoutMs = REQUEST_TIMEOUT_MS, ...backend } = options;
    const server = await startScriptedKinesis(backend);
    return new ReaderScene(server, server.createStream('flights', shards), requestTimeoutMs);
  }

  get shard(): ShardIdentity {
    const { arn: streamArn, createdAtMs } = this.stream;
    return { consumer: 'delays', streamName: 'flights', streamArn, createdAtMs, shardId: SHARD };
  }

  reader({
    limit = 1_000,
    pollIntervalMs = 1_000,
    idlePollIntervalMs = pollIntervalMs,
    ...options
  }: Partial<ReaderOptions & PaceOptions> = {}): ShardReader {
    return new ShardReader(
      {
        kinesis: this.kinesis,
        watch: this.watch,
        random: () => 0,
        memory: this.memory,
        now: () => this.server.now(),
        monotonicMs: () => this.sleptMs,
        onTrouble: (error) => this.troubles.push(error === undefined ? 'ok' : (error as { code: string }).code),
        sleep: async (ms, signal) => {
          this.waitsMs.push(ms);
          this.onWait(this.waitsMs.length);
          this.sleptMs += signal.aborted ? ms * ReaderScene.GIVEN_UP_AT : ms - this.earlyMs;
          await new Promise((resolve) => setImmediate(resolve));
          signal.throwIfAborted();
        },
      },
      {
        shard: this.shard,
        start: { type: 'TRIM_HORIZON' },
        pace: { limit, pollIntervalMs, idlePollIntervalMs },
        ...options,
      },
    );
  }

  put(...data: string[]): void {
    this.server.putMany(
      'flights',
      data.map((text) => ({ partitionKey: 'key', data: text, shardId: SHARD })),
    );
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.server.close();
  }
}

export const NEVER = new AbortController().signal;

export function textsOf({ records }: Pick<ReadResult, 'records'>): string[] {
  return records.map(({ data }) => Buffer.from(data).toString());
}

/** Reads until so many records have come, or the end of the shard. */
export async function readTexts(reader: PageReader, count: number, signal = NEVER): Promise<string[]> {
  const texts: string[] = [];
  for (let reads = 0; texts.length < count && reads < 10_000; reads += 1) {
    const result = await reader.read(signal);
    texts.push(...textsOf(result));
    if (result.end) break;
  }
  return texts;
}
