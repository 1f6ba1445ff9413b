import { AwsError, notFound } from './aws-error';
import { ACCOUNT_ID, Stream } from './stream';

export interface BackendOptions {
  /** Clock in epoch milliseconds; default: the machine's. */
  now?: () => number;
  /** Shards per ListShards page at most; default 1,000 as on AWS. */
  listShardsPageSize?: number;
  /** Retention of new streams; default 24 h. */
  retentionMs?: number;
  /**
   * Whether the page that ends a closed shard may carry records (default) or comes alone, after them.
   * AWS documents neither, so a consumer must stand both.
   */
  shardEndWithRecords?: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const REGION = 'us-east-1';

/** All streams and the clock they live by. */
export class Backend {
  readonly listShardsPageSize: number;
  readonly shardEndWithRecords: boolean;
  private readonly retentionMs: number;
  private readonly streams = new Map<string, Stream>();
  private readonly lastCreatedAtMs = new Map<string, number>();
  private incarnations = 0;
  private clock: () => number;

  constructor(options: BackendOptions) {
    this.clock = options.now ?? Date.now;
    this.listShardsPageSize = options.listShardsPageSize ?? 1000;
    this.retentionMs = options.retentionMs ?? DAY_MS;
    this.shardEndWithRecords = options.shardEndWithRecords ?? true;
  }

  nowMs(): number {
    return this.clock();
  }

  /** A number stops the clock there; a function replaces it. */
  setClock(clock: number | (() => number)): void {
    this.clock = typeof clock === 'number' ? () => clock : clock;
  }

  advanceClock(ms: number): void {
    const before = this.clock;
    this.clock = () => before() + ms;
  }

  createStream(name: string, shardCount: number): Stream {
    if (this.streams.has(name)) {
      throw new AwsError('ResourceInUseException', `Stream ${name} under account ${ACCOUNT_ID} already exists.`);
    }
    const stream = new Stream(
      {
        name,
        arn: `arn:aws:kinesis:${REGION}:${ACCOUNT_ID}:stream/${name}`,
        incarnation: ++this.incarnations,
        createdAtMs: this.newCreationTimeMs(name),
      },
      this.retentionMs,
    );
    stream.addEvenShards(shardCount, this.nowMs());
    this.streams.set(name, stream);
    return stream;
  }

  deleteStream(name: string): void {
    this.streams.delete(this.stream(name).origin.name);
  }

  /** The stream with what retention has taken already gone. */
  stream(name: string): Stream {
    const stream = this.unexpiredStream(name);
    stream.expire(this.nowMs());
    return stream;
  }

  /** The stream as it is; spares puts a walk over all shards. */
  unexpiredStream(name: string): Stream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw notFound(`Stream ${name} under account ${ACCOUNT_ID} not found.`);
    return stream;
  }

  /** Never the same twice for a name, even while the clock stands still. */
  private newCreationTimeMs(name: string): number {
    const createdAtMs = Math.max(this.nowMs(), (this.lastCreatedAtMs.get(name) ?? -Infinity) + 1);
    this.lastCreatedAtMs.set(name, createdAtMs);
    return createdAtMs;
  }
}
