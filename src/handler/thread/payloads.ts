import { isArrayBuffer } from 'node:util/types';
import { TidemarkError } from '../../core/errors';
import type { RawRecord } from '../../kinesis/kinesis-port';
import { isKept as mustStay, movePage, viewsOf } from '../../kinesis/page-views';

/** Node's pool of small buffers is of this size and shared by strangers: nothing as small is given away. */
const SHARED_POOL_BYTES = Buffer.poolSize;

/** Numbers per record in `places`: buffer, offset, length. */
const PLACE = 3;

/**
 * Records in columns, so that few objects are cloned. Texts one by one: parts of a long one would be cheaper, but each part that a handler
 * keeps would keep the whole in memory.
 */
export interface PackedRecords {
  readonly sequenceNumbers: readonly string[];
  readonly partitionKeys: readonly string[];
  /** Left out where no record is of an aggregate; below 0 for those that are not. */
  readonly subSequenceNumbers?: Float64Array;
  /** Left out where no record has one. */
  readonly explicitHashKeys?: readonly (string | undefined)[];
  readonly arrivalMs: Float64Array;
  readonly places: Uint32Array;
  /** Borrowed ones first, then at most one of copies. */
  readonly buffers: readonly ArrayBuffer[];
  /** How many of the buffers must be given back. */
  readonly borrowed: number;
}

/** Payloads on their way to another thread and back. In between the records of borrowed buffers are empty. */
export interface Loan {
  readonly packed: PackedRecords;
  /** To be transferred. */
  readonly transfer: ArrayBuffer[];
  /** The records are as before. Fewer buffers than were borrowed are none. */
  giveBack(buffers: readonly ArrayBuffer[]): void;
  /** The borrowed payloads will not come back: reading one throws. */
  writeOff(): void;
}

/**
 * Packs records. A buffer goes itself where these records are all there is in it, as with a whole page; other payloads are
 * copied into one new buffer. With `isKept` all are copied.
 */
export function lend(records: readonly RawRecord[], isKept: boolean): Loan {
  const borrowed = isKept ? [] : wholeBuffers(records);
  const { places, copies } = placesOf(records, borrowed);
  const buffers = copies === undefined ? borrowed : [...borrowed, copies];
  const packed: PackedRecords = {
    sequenceNumbers: records.map(({ sequenceNumber }) => sequenceNumber),
    partitionKeys: records.map(({ partitionKey }) => partitionKey),
    ...packAggregated(records),
    arrivalMs: Float64Array.from(records, ({ arrivalMs }) => arrivalMs),
    places,
    buffers,
    borrowed: borrowed.length,
  };
  return {
    packed,
    transfer: [...buffers],
    giveBack: (returned) =>
      returned.length < borrowed.length ? writeOff(records, packed) : repair(records, packed, returned),
    writeOff: () => writeOff(records, packed),
  };
}

/** Where each payload is, and the copies of those that do not go with a borrowed buffer. */
function placesOf(
  records: readonly RawRecord[],
  borrowed: readonly ArrayBuffer[],
): { places: Uint32Array; copies?: ArrayBuffer } {
  const indexes = new Map(borrowed.map((buffer, index) => [buffer as ArrayBufferLike, index]));
  const places = new Uint32Array(records.length * PLACE);
  const copies: Uint8Array[] = [];
  let copiedBytes = 0;
  let cell = 0;
  for (const { data } of records) {
    const { byteLength, byteOffset } = data;
    const index = byteLength === 0 ? undefined : indexes.get(data.buffer);
    places[cell++] = index ?? borrowed.length;
    places[cell++] = index === undefined ? copiedBytes : byteOffset;
    places[cell++] = byteLength;
    if (index !== undefined || byteLength === 0) continue;
    copies.push(data);
    copiedBytes += byteLength;
  }
  return copies.length === 0 ? { places } : { places, copies: concatenate(copies, copiedBytes) };
}

/** What only user records of aggregates have. */
function packAggregated(records: readonly RawRecord[]): Pick<PackedRecords, 'subSequenceNumbers' | 'explicitHashKeys'> {
  const hasSubs = records.some(({ subSequenceNumber }) => subSequenceNumber !== undefined);
  const hasHashKeys = records.some(({ explicitHashKey }) => explicitHashKey !== undefined);
  return {
    ...(hasSubs
      ? { subSequenceNumbers: Float64Array.from(records, ({ subSequenceNumber }) => subSequenceNumber ?? -1) }
      : {}),
    ...(hasHashKeys ? { explicitHashKeys: records.map(({ explicitHashKey }) => explicitHashKey) } : {}),
  };
}

export function unpack(packed: PackedRecords): RawRecord[] {
  const { sequenceNumbers, partitionKeys, arrivalMs, places, buffers, subSequenceNumbers, explicitHashKeys } = packed;
  return sequenceNumbers.map((sequenceNumber, at) => {
    const sub = subSequenceNumbers?.[at] ?? -1;
    const explicitHashKey = explicitHashKeys?.[at];
    return {
      sequenceNumber,
      partitionKey: partitionKeys[at] ?? '',
      data: payloadAt(places, at, buffers),
      arrivalMs: arrivalMs[at] ?? 0,
      ...(sub < 0 ? {} : { subSequenceNumber: sub }),
      ...(explicitHashKey === undefined ? {} : { explicitHashKey }),
    };
  });
}

function payloadAt(places: Uint32Array, at: number, buffers: readonly ArrayBuffer[]): Uint8Array {
  const cell = at * PLACE;
  const length = places[cell + 2] ?? 0;
  const buffer = buffers[places[cell] ?? 0];
  return buffer === undefined || length === 0 ? new Uint8Array() : Buffer.from(buffer, places[cell + 1], length);
}

/** What is known of a buffer while its records are looked at. */
interface Coverage {
  views: number;
  bytes: number;
  /** Where the last record ends. */
  end: number;
}

/** Buffers that belong to these records alone and need not stay: they are views of every byte, or all the views of a page that there are. None twice. */
function wholeBuffers(records: readonly RawRecord[]): ArrayBuffer[] {
  const known = new Map<ArrayBuffer, Coverage>();
  const broken = new Set<ArrayBufferLike>();
  for (const { data } of records) {
    const { buffer, byteOffset, byteLength } = data;
    if (byteLength === 0) continue;
    const { views, bytes, end } = known.get(buffer as ArrayBuffer) ?? { views: 0, bytes: 0, end: 0 };
    if (!isArrayBuffer(buffer) || byteOffset < end) broken.add(buffer);
    else known.set(buffer, { views: views + 1, bytes: bytes + byteLength, end: byteOffset + byteLength });
  }
  return [...known].flatMap(([buffer, coverage]) => (!broken.has(buffer) && isWhole(buffer, coverage) ? [buffer] : []));
}

function isWhole(buffer: ArrayBuffer, { views, bytes }: Coverage): boolean {
  if (buffer.byteLength <= SHARED_POOL_BYTES || mustStay(buffer)) return false;
  return bytes === buffer.byteLength || views === viewsOf(buffer);
}

function concatenate(parts: readonly Uint8Array[], bytes: number): ArrayBuffer {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole.buffer;
}

function isBorrowed({ places, borrowed }: PackedRecords, at: number): boolean {
  return (places[at * PLACE] ?? borrowed) < borrowed && places[at * PLACE + 2] !== 0;
}

function repair(records: readonly RawRecord[], packed: PackedRecords, buffers: readonly ArrayBuffer[]): void {
  if (packed.borrowed === 0) return;
  packed.buffers.forEach((buffer, index) => movePage(buffer, buffers[index]));
  for (const [at, record] of records.entries())
    if (isBorrowed(packed, at)) Object.assign(record, { data: payloadAt(packed.places, at, buffers) });
}

/** An empty payload would pass for a real one: in a dead letter, in the next run. */
function writeOff(records: readonly RawRecord[], packed: PackedRecords): void {
  for (const [at, record] of records.entries()) {
    if (!isBorrowed(packed, at)) continue;
    Object.defineProperty(record, 'data', {
      configurable: true,
      enumerable: true,
      get: () => {
        throw new TidemarkError('INTERNAL', 'The payload of a record went with the thread that had it');
      },
    });
  }
}
