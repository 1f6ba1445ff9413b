import { parseObject, type JsonObject } from '../../../test/support/scripted-kinesis/json-request';

const INDEFINITE = 31;
const BREAK = 0xff;

/** A request's parameters, of JSON or of CBOR as the AWS SDK for Java writes it: maps and lists without their length in front. */
export function readParameters(bytes: Buffer, isCbor: boolean): JsonObject {
  return isCbor ? (new CborItems(bytes).next() as JsonObject) : parseObject(bytes);
}

class CborItems {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  next(): unknown {
    const initial = this.bytes[this.at++] ?? BREAK;
    const type = initial >> 5;
    const info = initial & 31;
    if (type === 7) return info === 21 ? true : info === 20 ? false : null;
    if (info === INDEFINITE) return this.indefinite(type);
    const value = this.argument(info);
    switch (type) {
      case 0:
        return value;
      case 2:
        return this.slice(value).toString('base64');
      case 3:
        return this.slice(value).toString('utf8');
      case 4:
        return Array.from({ length: value }, () => this.next());
      case 5:
        return Object.fromEntries(Array.from({ length: value }, () => [this.next(), this.next()]));
      default:
        // A tag says what its item means; nothing here needs that.
        return this.next();
    }
  }

  private indefinite(type: number): unknown {
    const items: unknown[] = [];
    while (this.bytes[this.at] !== BREAK && this.at < this.bytes.length) items.push(this.next());
    this.at += 1;
    if (type === 4) return items;
    if (type === 3) return items.join('');
    return Object.fromEntries(
      Array.from({ length: items.length / 2 }, (_, index) => [items[2 * index], items[2 * index + 1]]),
    );
  }

  private argument(info: number): number {
    if (info < 24) return info;
    const width = 1 << (info - 24);
    this.at += width;
    if (width === 8) return Number(this.bytes.readBigUInt64BE(this.at - 8));
    return this.bytes.readUIntBE(this.at - width, width);
  }

  private slice(length: number): Buffer {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
