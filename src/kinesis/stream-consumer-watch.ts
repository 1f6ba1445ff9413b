import { TidemarkError } from '../core/errors';
import type { ResolvedFanOut } from '../core/fan-out-options';
import type { FanOutPort, StreamConsumer, StreamConsumerHandle } from './fan-out-port';

/** AWS: a stream consumer is made within seconds. DescribeStreamConsumer allows 20 calls a second and stream. */
const LOOK_INTERVAL_MS = 1_000;
const MAX_LOOKS = 60;
/** How long reading goes on by polling before the stream consumer is looked for again. */
const MISSING_FOR_MS = 300_000;

export interface StreamConsumerWorld {
  readonly port: FanOutPort;
  readonly options: ResolvedFanOut;
  readonly sleep: (ms: number) => Promise<void>;
  readonly monotonicMs: () => number;
  /** Told of the ARN once this process has registered the stream consumer. */
  readonly onRegistered: (arn: string) => void;
}

/**
 * What a process knows of the stream consumer of one stream. A thousand shards ask at the same time: they share one look, and its result.
 *
 * A managed one is registered where there is none, by whichever process comes first; but only until this process has seen it. Who takes it
 * away after that does so on purpose, for example while fan-out is being turned off, and a worker that is still running must not bring it back.
 */
export class StreamConsumerWatch {
  private found: Promise<string> | undefined;
  private wasSeen = false;
  private missingSinceMs = -Infinity;

  constructor(
    private readonly world: StreamConsumerWorld,
    private readonly handle: StreamConsumerHandle,
  ) {}

  /** Whether there was none a short time ago. */
  get isMissing(): boolean {
    return this.world.monotonicMs() - this.missingSinceMs < MISSING_FOR_MS;
  }

  /** Of the active stream consumer. @throws `STREAM_CONSUMER_MISSING`, and what the port throws */
  arn(): Promise<string> {
    const look = (this.found ??= this.look().catch((error: unknown) => {
      this.found = undefined;
      throw error;
    }));
    return look;
  }

  /** Kinesis did not know what was found: looks again. @throws `STREAM_CONSUMER_MISSING` if there is none any more */
  async confirm(): Promise<string> {
    this.found = undefined;
    return this.arn();
  }

  private async look(): Promise<string> {
    const { port } = this.world;
    for (let looks = 1; ; looks += 1) {
      const consumer = (await port.findConsumer(this.handle)) ?? (await this.register());
      if (consumer?.status === 'ACTIVE') {
        this.wasSeen = true;
        this.missingSinceMs = -Infinity;
        return consumer.arn;
      }
      if (consumer?.status === 'DELETING') throw this.missing('The stream consumer is being deregistered');
      if (looks === MAX_LOOKS)
        throw new TidemarkError('KINESIS_UNAVAILABLE', 'The stream consumer has not become active', {
          context: { streamConsumer: this.handle.consumerName },
        });
      await this.world.sleep(LOOK_INTERVAL_MS);
    }
  }

  /** Undefined if another process came first. */
  private async register(): Promise<StreamConsumer | undefined> {
    const { port, options, onRegistered } = this.world;
    if (options.lifecycle === 'existing' || this.wasSeen) throw this.missing('There is no such stream consumer');
    try {
      const consumer = await port.registerConsumer(this.handle);
      if (consumer) onRegistered(consumer.arn);
      return consumer;
    } catch (error) {
      if (error instanceof TidemarkError && error.code === 'STREAM_CONSUMER_MISSING')
        this.missingSinceMs = this.world.monotonicMs();
      throw error;
    }
  }

  private missing(what: string): TidemarkError {
    this.missingSinceMs = this.world.monotonicMs();
    const { streamArn, consumerName, consumerArn } = this.handle;
    const context = consumerArn === undefined ? { stream: streamArn, streamConsumer: consumerName } : { consumerArn };
    return new TidemarkError('STREAM_CONSUMER_MISSING', what, { context });
  }
}
