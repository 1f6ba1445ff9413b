const ORDINAL_DIGITS = 12;
const SEQUENCE_HEAD = '4966420173501';
const SEQUENCE_DIGITS = 56;
const SHARD_DIGITS = SEQUENCE_DIGITS - SEQUENCE_HEAD.length - ORDINAL_DIGITS;

interface Template {
  readonly bytes: Buffer;
  /** Where each record's sequence number begins. */
  readonly offsets: readonly number[];
}

/** GetRecords answers of AWS's form, serialised once for each number of records; only sequence numbers are written anew. */
export class CannedPages {
  private readonly templates = new Map<number, Template>();

  constructor(private readonly recordBytes: number) {}

  /** The elements of `Records`, from the shard's record number `first` on. */
  records(shard: number, first: number, count: number): Buffer {
    const { bytes, offsets } = this.template(count);
    const page = Buffer.from(bytes);
    offsets.forEach((offset, index) => page.write(sequenceNumber(shard, first + index), offset, 'latin1'));
    return page;
  }

  private template(count: number): Template {
    const known = this.templates.get(count);
    if (known) return known;
    const parts = Array.from({ length: count }, (_, index) => this.record(index));
    let length = 0;
    const offsets = parts.map((part) => {
      const offset = length + '{"SequenceNumber":"'.length;
      length += part.length + 1;
      return offset;
    });
    const template = { bytes: Buffer.from(parts.join(','), 'latin1'), offsets };
    this.templates.set(count, template);
    return template;
  }

  private record(index: number): string {
    // Not one byte repeated: base64 of varied text, as real payloads are.
    const data = Buffer.from(Array.from({ length: this.recordBytes }, (_, at) => 32 + ((at * 31 + index * 7) % 90)));
    const fields = {
      SequenceNumber: sequenceNumber(0, index),
      ApproximateArrivalTimestamp: (Date.now() - 60_000 + index) / 1_000,
      Data: data.toString('base64'),
      PartitionKey: `partition-${String(index % 1_000).padStart(6, '0')}`,
      EncryptionType: 'NONE',
    };
    return JSON.stringify(fields);
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
