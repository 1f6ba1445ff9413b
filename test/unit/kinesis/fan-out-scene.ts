import { createSubscriptionClient } from '../../../src/aws/clients';
import { resolveFanOut, type FanOutOptions } from '../../../src/core/fan-out-options';
import { codeOf } from '../../../src/core/errors';
import type { ShardIdentity } from '../../../src/core/names';
import { TRIM_HORIZON, type Position } from '../../../src/core/positions';
import type { IteratorStart } from '../../../src/core/read-start';
import { AwsFanOut } from '../../../src/kinesis/aws-fan-out';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';
import { FanOut } from '../../../src/kinesis/fan-out';
import type { Source } from '../../../src/kinesis/fan-out-reader';
import { StreamWatch } from '../../../src/kinesis/stream-watch';
import {
  startScriptedKinesis,
  type ScriptedKinesis,
  type ScriptedKinesisOptions,
} from '../../support/scripted-kinesis';
import { localKinesisClient } from '../../support/scripted-kinesis/client';

export const SHARD = 'shardId-000000000000';

interface SceneOptions extends ScriptedKinesisOptions {
  shards?: number;
  fanOut?: FanOutOptions;
  silenceMs?: number;
}

interface ReaderChoice {
  start?: IteratorStart;
  fanOut?: FanOut;
  shardId?: string;
}

/** One stream `flights` on a scripted Kinesis, and fan-out readers over the real adapter whose waits take no time. */
export class FanOutScene {
  readonly waitsMs: number[] = [];
  /** Codes of the troubles that were told; `ok` when they were over. */
  readonly troubles: string[] = [];
  readonly steps: string[] = [];
  /** When subscriptions were accepted, by the clock that waits move. */
  readonly subscribedAt: number[] = [];
  readonly registered: string[] = [];
  /** Starts from which reading went on by polling. */
  readonly polled: IteratorStart[] = [];
  /** Where the checkpoint stands. */
  committed: Position = TRIM_HORIZON;
  /** Runs at each wait, so that a test can end a fault after it was met. */
  onWait: (waits: number) => void = () => undefined;
  assertHeld: () => Promise<void> = () => Promise.resolve();
  readonly kinesis;
  readonly watch: StreamWatch;
  readonly fanOut: FanOut;
  private readonly client;
  private looks = 0;
  private clockMs = 0;

  private constructor(
    readonly server: ScriptedKinesis,
    readonly stream: { arn: string; createdAtMs: number },
    { fanOut = {}, silenceMs }: SceneOptions,
  ) {
    this.client = localKinesisClient(server.endpoint);
    this.kinesis = new AwsKinesis(this.client);
    // Each look at the clock is a second later: no call of the watch has to wait for the one before.
    this.watch = new StreamWatch(this.kinesis, this.shard, () => (this.looks += 1_000));
    this.fanOut = this.process(fanOut, silenceMs);
  }

  static async open(options: SceneOptions = {}): Promise<FanOutScene> {
    const { shards = 1, fanOut: _fanOut, silenceMs: _silenceMs, ...backend } = options;
    const subscriptions = { refusedForMs: 0, idleMs: 50, ...backend.subscriptions };
    const server = await startScriptedKinesis({ ...backend, subscriptions });
    return new FanOutScene(server, server.createStream('flights', shards), options);
  }

  /** The fan-out of another process. */
  process(options: FanOutOptions = {}, silenceMs?: number): FanOut {
    const resolved = resolveFanOut(options, 'delays', []);
    if (!resolved) throw new Error('fan-out is off');
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const http2 = createSubscriptionClient({
      region: 'us-east-1',
      credentials,
      kinesisEndpoint: this.server.endpoint,
    });
    return new FanOut(new AwsFanOut(this.client, http2), resolved, {
      closePort: () => http2.destroy(),
      monotonicMs: () => performance.now() + this.clockMs,
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
  }

  get shard(): ShardIdentity {
    const { arn: streamArn, createdAtMs } = this.stream;
    return { consumer: 'delays', streamName: 'flights', streamArn, createdAtMs, shardId: SHARD };
  }

  /** The reader of a slice that begins at this position. */
  reader(
    position: Position = TRIM_HORIZON,
    { start = startOf(position), fanOut = this.fanOut, shardId = SHARD }: ReaderChoice = {},
  ): Source {
    this.committed = position;
    const reader = fanOut.read(
      {
        watch: this.watch,
        random: () => 0,
        now: () => this.server.now(),
        sleep: (ms, signal) => this.sleep(ms, signal),
        onTrouble: (error) => this.troubles.push(error === undefined ? 'ok' : (codeOf(error) ?? 'unknown')),
        note: (step) => {
          this.steps.push(step);
          if (step === 'subscribed') this.subscribedAt.push(performance.now() + this.clockMs);
        },
        committed: () => this.committed,
        assertHeld: () => this.assertHeld(),
        onRegistered: (arn) => this.registered.push(arn),
        ...(fanOut.isPollingAllowed ? { poll: (from) => this.poll(from) } : {}),
      },
      { shard: { ...this.shard, shardId }, position, start },
    );
    return reader ?? this.poll(start);
  }

  put(...data: string[]): void {
    this.server.putMany(
      'flights',
      data.map((text) => ({ partitionKey: 'key', data: text, shardId: SHARD })),
    );
  }

  /** Sequence number of the record with this payload. */
  numberOf(data: string): string {
    const found = this.server.records('flights', SHARD).find((record) => record.data.toString() === data);
    if (!found) throw new Error(`no record ${data}`);
    return found.sequenceNumber;
  }

  after(data: string): Position {
    return { at: 'AFTER', sequenceNumber: this.numberOf(data) };
  }

  /** What the process's own clock does without waiting. */
  pass(ms: number): void {
    this.clockMs += ms;
  }

  async close(): Promise<void> {
    this.fanOut.close();
    this.client.destroy();
    await this.server.close();
  }

  private poll(start: IteratorStart): Source {
    this.polled.push(start);
    return {
      read: () => Promise.resolve({ records: [], millisBehindLatest: 0, askedAtMs: 0 }),
      renewFrom: () => undefined,
    };
  }

  private async sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.waitsMs.push(ms);
    this.onWait(this.waitsMs.length);
    this.pass(ms);
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}

function startOf(position: Position): IteratorStart {
  if (position.at === 'AT_TIMESTAMP') return { type: 'AT_TIMESTAMP', timestampMs: position.timestampMs };
  if (position.at === 'TRIM_HORIZON' || position.at === 'SHARD_END') return { type: 'TRIM_HORIZON' };
  const { sequenceNumber } = position;
  return { type: position.at === 'FROM' ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER', sequenceNumber };
}
