import { TidemarkError } from '../core/errors';
import { BodyParts } from './body-parts';

const NOTHING = Buffer.alloc(0);
/** How much is joined at first to what goes beyond a piece. */
const LEAST_MORE = 4_096;
/** Thrown where a piece of the body ends. One for all: it costs more to make an error than to read a record. */
const CUT_OFF = new Error('A piece of a body ends');

/** Where reading is in a body that came in pieces, which may end anywhere. */
export class PieceCursor {
  protected at = 0;
  protected end = 0;
  /** Where what is being read as a whole begins. */
  private start = 0;
  protected bytes: Buffer = NOTHING;
  protected view: DataView = new DataView(NOTHING.buffer);
  private readonly parts: BodyParts;
  /** Bytes that the item at hand lacks, as far as is known. */
  private missing = 0;

  constructor(parts: readonly Buffer[]) {
    this.parts = new BodyParts(parts);
    this.goTo(this.parts.take());
  }

  /**
   * What `read` reads, wherever the pieces of the body end. Only what goes beyond a piece is copied. Everything is to be read so, one item or
   * one record at a time, and never within another.
   */
  whole<T>(read: (reader: this) => T): T {
    if (this.at === this.end) this.goTo(this.parts.take());
    this.start = this.at;
    try {
      return read(this);
    } catch (error) {
      if (error !== CUT_OFF) throw error;
    }
    return this.joined(read);
  }

  private joined<T>(read: (reader: this) => T): T {
    this.at = this.start;
    for (let more = LEAST_MORE; ; more *= 2) {
      if (this.parts.bytesLeft === 0) throw invalid('an end before its time');
      this.goTo(this.parts.join(this.bytes.subarray(this.at), Math.max(more, this.missing)));
      try {
        const value = read(this);
        // What follows is in its own piece.
        this.parts.giveBack(this.end - this.at);
        this.goTo(NOTHING);
        return value;
      } catch (error) {
        if (error !== CUT_OFF) throw error;
        this.at = 0;
      }
    }
  }

  private goTo(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = 0;
    this.end = bytes.length;
  }

  /** The piece that is being read; an empty one right after an item that lay in two. */
  get piece(): Buffer {
    return this.bytes;
  }

  /** @throws `INVALID_ANSWER` if anything follows. */
  finish(): void {
    if (this.bytesLeft > 0) throw invalid('something behind its end');
  }

  protected byte(): number {
    const value = this.peek();
    this.at += 1;
    return value;
  }

  protected peek(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw this.lacking(1);
    return value;
  }

  protected lacking(bytes: number): Error {
    if (bytes > this.parts.bytesLeft) return invalid('an end before its time');
    this.missing = bytes;
    return CUT_OFF;
  }

  /** Of the body, all pieces together, that were not read yet. */
  protected get bytesLeft(): number {
    return this.end - this.at + this.parts.bytesLeft;
  }
}

/** Without what the bytes say: they are record data. */
export function invalid(what: string): TidemarkError {
  return new TidemarkError('INVALID_ANSWER', `Kinesis answered GetRecords with CBOR that cannot be read: ${what}`);
}
