import { encodeCbor } from '../../test/support/scripted-kinesis/cbor';

const ORDINAL_DIGITS = 12;
const SEQUENCE_HEAD = '4966420173501';
const SEQUENCE_DIGITS = 56;
const SHARD_DIGITS = SEQUENCE_DIGITS - SEQUENCE_HEAD.length - ORDINAL_DIGITS;

interface Template {
  readonly bytes: Buffer;
  /** Where each record's sequence number begins. */
  readonly offsets: readonly number[];
}

export type PageForm = 'json' | 'cbor';

/** GetRecords answers of AWS's form, serialised once for each number of records; only sequence numbers are written anew. */
export class CannedPages {
  private readonly templates = new Map<string, Template>();

  constructor(private readonly recordBytes: number) {}

  /** The elements of `Records`, from the shard's record number `first` on. */
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
    const parts: Buffer[] = [];
    const offsets: number[] = [];
    let length = 0;
    for (let index = 0; index < count; index += 1) {
      const part = form === 'json' ? this.jsonRecord(index, index === count - 1) : encodeCbor(this.record(index));
      offsets.push(length + part.indexOf(SEQUENCE_HEAD));
      parts.push(part);
      length += part.length;
    }
    const template = { bytes: Buffer.concat(parts), offsets };
    this.templates.set(key, template);
    return template;
  }

  private jsonRecord(index: number, isLast: boolean): Buffer {
    return Buffer.from(`${JSON.stringify(this.record(index))}${isLast ? '' : ','}`);
  }

  private record(index: number): Record<string, string | number> {
    // Not one byte repeated: base64 of varied text, as real payloads are.
    const data = Buffer.from(Array.from({ length: this.recordBytes }, (_, at) => 32 + ((at * 31 + index * 7) % 90)));
    return {
      SequenceNumber: sequenceNumber(0, index),
      ApproximateArrivalTimestamp: (Date.now() - 60_000 + index) / 1_000,
      Data: data.toString('base64'),
      PartitionKey: `partition-${String(index % 1_000).padStart(6, '0')}`,
      EncryptionType: 'NONE',
    };
  }
}

/** 56 digits, rising within a shard. */
export function sequenceNumber(shard: number, ordinal: number): string {
  return SEQUENCE_HEAD + String(shard).padStart(SHARD_DIGITS, '0') + String(ordinal).padStart(ORDINAL_DIGITS, '0');
}

/** The record after a sequence number of ours. */
export function ordinalAfter(sequence: string): number {
  return Number(sequence.slice(-ORDINAL_DIGITS)) + 1;
}
