import { encodeCbor } from '../../../test/support/scripted-kinesis/cbor';
import { sequenceNumber } from '../../servers/canned-pages';

export type PageForm = 'json' | 'cbor';

/** One element of `Records`, as JSON has it. */
export interface PageRecord {
  readonly SequenceNumber: string;
  readonly ApproximateArrivalTimestamp: number;
  readonly Data: string;
  readonly PartitionKey: string;
}

interface Template {
  readonly bytes: Buffer;
  /** Where each record's sequence number begins. */
  readonly offsets: readonly number[];
}

const HEAD = sequenceNumber(0, 0).slice(0, 13);
const RECORD_BYTES = 1_024;

/** Pages of a stream without an end: serialised once for each number of records; only sequence numbers are written anew. */
export class EndlessPages {
  private readonly templates = new Map<string, Template>();

  records(form: PageForm, shard: number, { first, count }: { first: number; count: number }): Buffer {
    const { bytes, offsets } = this.template(form, count);
    const page = Buffer.from(bytes);
    offsets.forEach((offset, index) => page.write(sequenceNumber(shard, first + index), offset, 'latin1'));
    return page;
  }

  private template(form: PageForm, count: number): Template {
    const key = `${form} ${count}`;
    const known = this.templates.get(key);
    if (known) return known;
    const parts = Array.from({ length: count }, (_, index) => encodeRecord(form, recordOf(index), index > 0));
    const offsets: number[] = [];
    let length = 0;
    for (const part of parts) {
      offsets.push(length + part.indexOf(HEAD));
      length += part.length;
    }
    const template = { bytes: Buffer.concat(parts), offsets };
    this.templates.set(key, template);
    return template;
  }
}

export function encodeRecord(form: PageForm, record: PageRecord, hasBefore: boolean): Buffer {
  if (form === 'cbor') return encodeCbor(record);
  return Buffer.from(`${hasBefore ? ',' : ''}${JSON.stringify(record)}`);
}

/** `records` as the answer of GetRecords; in CBOR of AWS's reported form: bytes, and milliseconds under tag 1. */
export function pageBody(
  form: PageForm,
  head: Readonly<Record<string, unknown>>,
  records: Buffer,
  count: number,
): Buffer {
  if (form === 'cbor') {
    const list = Buffer.from([0x99, count >> 8, count & 0xff]);
    // The empty list at the end becomes one of `count` elements.
    return Buffer.concat([encodeCbor({ ...head, Records: [] }).subarray(0, -1), list, records]);
  }
  return Buffer.concat([Buffer.from(JSON.stringify({ ...head, Records: [] })).subarray(0, -2), records, TAIL]);
}

const TAIL = Buffer.from(']}');

function recordOf(index: number): PageRecord {
  return {
    SequenceNumber: sequenceNumber(0, index),
    ApproximateArrivalTimestamp: (Date.now() - 60_000 + index) / 1_000,
    Data: payload(index).toString('base64'),
    PartitionKey: `partition-${String(index % 1_000).padStart(6, '0')}`,
  };
}

/** An order of a shop, 1 KB of JSON: texts, numbers and a list, about as most events are. */
function payload(index: number): Buffer {
  const lines = Array.from({ length: 6 }, (_, line) => ({
    sku: `SKU-${String(index * 7 + line).padStart(8, '0')}`,
    quantity: 1 + ((index + line) % 9),
    unitPrice: 1_999 + line,
    taxRate: 0.19,
    isGift: line % 2 === 0,
  }));
  const order = {
    id: `order-${index}`,
    customer: { id: 4_711 + index, name: `Customer ${index}`, country: 'NZ' },
    placedAt: '2026-01-31T12:34:56.789Z',
    currency: 'EUR',
    lines,
    note: '',
  };
  const missing = RECORD_BYTES - Buffer.byteLength(JSON.stringify(order));
  return Buffer.from(JSON.stringify({ ...order, note: 'n'.repeat(Math.max(0, missing)) }));
}
