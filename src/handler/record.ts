import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { nameOfRecord } from '../core/record-name';
import type { RawRecord } from '../kinesis/kinesis-port';
import { keepPayload } from '../kinesis/page-views';

/**
 * One Kinesis record as a handler sees it. Read its payload before the handler returns: the page that it is a part of is used again afterwards,
 * unless somebody has taken a `data` of it. Of a handler in a thread `data` is empty once it has returned: keep a `copy()` there.
 */
export class KinesisRecord<T = unknown> {
  /** What the schema of the consumer made of the payload's JSON; undefined without a schema, and in the filter. */
  readonly value: T;
  readonly partitionKey: string;
  /** Decimal string of up to 56 digits and more; compare as BigInt. Order within one shard. */
  readonly sequenceNumber: string;
  /**
   * Index in its KPL aggregate, from 0: all user records of an aggregate have the sequence number of the record that held them, and
   * differ in this. Undefined for a record that was not aggregated.
   */
  readonly subSequenceNumber: number | undefined;
  /** The hash key that the producer of a user record gave in place of its partition key's, decimal; Kinesis tells none of other records. */
  readonly explicitHashKey: string | undefined;
  readonly #raw: RawRecord;
  readonly #bytes: number;
  readonly #shard: ShardIdentity;

  /** @internal */
  constructor(raw: RawRecord, shard: ShardIdentity, value?: T) {
    this.value = value as T;
    this.partitionKey = raw.partitionKey;
    this.sequenceNumber = raw.sequenceNumber;
    this.subSequenceNumber = raw.subSequenceNumber;
    this.explicitHashKey = raw.explicitHashKey;
    this.#raw = raw;
    this.#bytes = raw.data.byteLength;
    this.#shard = shard;
  }

  /**
   * Payload, as the producer put it: a view, not to be changed. Who only wants its size, text or JSON asks for that: memory of which views were
   * taken is not used again, which costs CPU time where there is a backlog.
   *
   * @throws `RECORD_GONE` if it is first asked for after the handler has returned
   */
  get data(): Uint8Array {
    const data = payloadOf(this.#raw, this.#bytes, this.#shard);
    keepPayload(this.#raw);
    return data;
  }

  /** Size of the payload. */
  get byteLength(): number {
    return this.#bytes;
  }

  /** When Kinesis took the record, approximately. */
  get arrivalTime(): Date {
    return new Date(this.#raw.arrivalMs);
  }

  get shardId(): string {
    return this.#shard.shardId;
  }

  /**
   * The same for every delivery of this record (retry, other batch borders, restart, continue-as-new, reset), different for
   * every other record of every stream: 43 characters `A-Za-z0-9_-`. Write it with the effect, and a second delivery changes nothing.
   */
  get idempotencyKey(): string {
    const { streamArn, createdAtMs, shardId } = this.#shard;
    return createHash('sha256')
      .update(`${streamArn}\n${createdAtMs}\n${shardId}\n${nameOfRecord(this)}`)
      .digest('base64url');
  }

  /** The payload as UTF-8 text. */
  text(): string {
    const data = payloadOf(this.#raw, this.#bytes, this.#shard);
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return bytes.toString('utf8');
  }

  /** The payload parsed as JSON. @throws SyntaxError */
  json<Json = unknown>(): Json {
    return JSON.parse(this.text()) as Json;
  }

  /** The payload in memory of its own, to keep beyond the handler's call. */
  copy(): Uint8Array {
    return Uint8Array.prototype.slice.call(payloadOf(this.#raw, this.#bytes, this.#shard));
  }

  /** As `toJSON`, for `console.log`. */
  [inspect.custom](): string {
    return `KinesisRecord ${inspect(this.toJSON())}`;
  }

  /** Identity without the payload, so that a logged record shows no data. */
  toJSON(): { shardId: string; sequenceNumber: string; subSequenceNumber?: number; bytes: number } {
    const { shardId, sequenceNumber, subSequenceNumber: sub } = this;
    return {
      shardId,
      sequenceNumber,
      ...(sub === undefined ? {} : { subSequenceNumber: sub }),
      bytes: this.#bytes,
    };
  }
}

/** @throws `RECORD_GONE` if its memory is used for other pages by now */
function payloadOf({ data, sequenceNumber }: RawRecord, bytes: number, { shardId }: ShardIdentity): Uint8Array {
  if (data.byteLength === bytes) return data;
  throw new TidemarkError('RECORD_GONE', 'The payload of a record was asked for after its handler had returned', {
    context: { shard: shardId, sequenceNumber },
  });
}
