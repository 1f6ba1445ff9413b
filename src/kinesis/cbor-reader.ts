import { floatWidth, readFloat } from './cbor-float';
import type { CborNames } from './cbor-names';
import { invalid, PieceCursor } from './piece-cursor';
import { utf8Of } from './utf8';

/** What an item begins with, in its first three bits (RFC 8949). */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
const SIMPLE = 7;

const NULL = 0xf6;
const UNDEFINED = 0xf7;
const BREAK = 0xff;

/** Stands for a length that is not said beforehand: larger than any that is. */
const INDEFINITE = Infinity;

const MAX_DEPTH = 32;
/**
 * Reads CBOR item by item, without copying byte strings. Nothing in the bytes is trusted: a length is held against what is left before it is
 * used, so the work is bounded by the number of bytes.
 *
 * Every method throws `INVALID_ANSWER` where the bytes are cut off or of another type.
 */
export class CborReader extends PieceCursor {
  /** Of the head that was read last: a value, length or count; infinite for an indefinite length. */
  private argument = 0;

  /** Number of pairs; infinite where the end is marked. To be used as `for (let left = openMap(); hasMore(left); left -= 1)`. */
  openMap(): number {
    this.expect(MAP);
    return this.countOf(2);
  }

  /** As `openMap`. */
  openList(): number {
    this.expect(LIST);
    return this.countOf(1);
  }

  hasMore(left: number): boolean {
    if (left !== INDEFINITE) return left > 0;
    if (this.peek() !== BREAK) return true;
    this.at += 1;
    return false;
  }

  /** Reads a key: its place among the names, -1 for another. It is found sooner where it is the guessed one. */
  nameAmong(names: CborNames, guess: number): number {
    this.expect(TEXT);
    if (this.argument === INDEFINITE) return names.placeOfText(this.joinText());
    const start = this.advance();
    return names.placeOf(this.view, start, this.at - start, guess);
  }

  /** Whether null or undefined is next; then it is passed over. */
  takeNothing(): boolean {
    const next = this.peek();
    if (next !== NULL && next !== UNDEFINED) return false;
    this.at += 1;
    return true;
  }

  text(): string {
    this.expect(TEXT);
    return this.argument === INDEFINITE ? this.joinText() : this.textHere();
  }

  /** Passes over one item; gives it if it is a text. */
  textOrSkip(): string | undefined {
    this.skipTags();
    if (this.peek() >> 5 === TEXT) return this.text();
    this.skip();
    return undefined;
  }

  /** A byte string as a view where it is in one piece; of a text, what `decode` makes of it. */
  bytesOr(decode: (text: string) => Buffer): Buffer {
    const type = this.head();
    if (type === BYTES) return this.argument === INDEFINITE ? this.joinBytes() : this.viewHere();
    if (type !== TEXT) throw invalid('an item of another type');
    return decode(this.argument === INDEFINITE ? this.joinText() : this.textHere());
  }

  /** An integer or a float of any width. Integers beyond 2^53 lose digits. */
  number(): number {
    this.skipTags();
    const initial = this.peek();
    if (initial >> 5 === SIMPLE) return this.float(initial);
    const type = this.head();
    if ((type !== UNSIGNED && type !== NEGATIVE) || this.argument === INDEFINITE)
      throw invalid('an item of another type');
    return type === UNSIGNED ? this.argument : -1 - this.argument;
  }

  /** Passes over one item, whatever it is. */
  skip(depth = 0): void {
    if (depth > MAX_DEPTH) throw invalid('too deep nesting');
    const type = this.head();
    if (type === LIST) return this.skipItems(1, depth);
    if (type === MAP) return this.skipItems(2, depth);
    if (type === BYTES || type === TEXT) return this.skipString(type);
    if (this.argument === INDEFINITE) throw invalid('an end without a beginning');
  }

  private skipString(type: number): void {
    if (this.argument !== INDEFINITE) return void this.advance();
    while (this.hasMore(INDEFINITE)) this.chunk(type);
  }

  private skipItems(perEntry: 1 | 2, depth: number): void {
    for (let left = this.countOf(perEntry); this.hasMore(left); left -= 1) {
      this.skip(depth + 1);
      if (perEntry === 2) this.skip(depth + 1);
    }
  }

  private expect(type: number): void {
    if (this.head() !== type) throw invalid('an item of another type');
  }

  /** The type of the next item that is no tag. */
  private head(): number {
    for (;;) {
      const initial = this.byte();
      const info = initial & 31;
      this.argument = info < 24 ? info : this.longArgument(info);
      const type = initial >> 5;
      if (type !== TAG) return type;
      if (this.argument === INDEFINITE) throw invalid('a tag without a number');
    }
  }

  private skipTags(): void {
    while (this.peek() >> 5 === TAG) {
      const info = this.byte() & 31;
      if (info >= 24 && this.longArgument(info) === INDEFINITE) throw invalid('a tag without a number');
    }
  }

  private longArgument(info: number): number {
    if (info === 31) return INDEFINITE;
    if (info > 27) throw invalid('a reserved length');
    let value = 0;
    for (let left = 1 << (info - 24); left > 0; left -= 1) value = value * 256 + this.byte();
    return value;
  }

  /** The count in the head that was read last. */
  private countOf(itemsPerEntry: number): number {
    const count = this.argument;
    if (count !== INDEFINITE && count * itemsPerEntry > this.bytesLeft) throw invalid('an end before its time');
    return count;
  }

  /** Passes over as many bytes as the head says, and gives where they begin. */
  private advance(): number {
    const start = this.at;
    if (!(this.argument <= this.end - start)) throw this.lacking(start + this.argument - this.end);
    this.at = start + this.argument;
    return start;
  }

  private viewHere(): Buffer {
    const start = this.advance();
    return this.bytes.subarray(start, this.at);
  }

  private textHere(): string {
    const start = this.advance();
    const text = utf8Of(this.bytes, start, this.at);
    if (text === undefined) throw invalid('a text that is not UTF-8');
    return text;
  }

  private joinText(): string {
    const parts: string[] = [];
    while (this.hasMore(INDEFINITE)) this.chunk(TEXT, () => parts.push(this.textHere()));
    return parts.join('');
  }

  private joinBytes(): Buffer {
    const parts: Buffer[] = [];
    while (this.hasMore(INDEFINITE)) this.chunk(BYTES, () => parts.push(this.viewHere()));
    return Buffer.concat(parts);
  }

  /** One piece of a string of indefinite length, which must be a string of its own kind and of a definite length. */
  private chunk(type: number, take: () => unknown = () => this.advance()): void {
    this.expect(type);
    if (this.argument === INDEFINITE) throw invalid('a string in a string');
    take();
  }

  private float(initial: number): number {
    const width = floatWidth(initial);
    if (width === undefined) throw invalid('an item of another type');
    if (this.end - this.at - 1 < width) throw this.lacking(1);
    const start = this.at + 1;
    this.at = start + width;
    return readFloat(this.bytes, start, width);
  }
}
