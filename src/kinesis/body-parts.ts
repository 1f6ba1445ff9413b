/** A body as it was received, piece by piece: what lies within one piece is read without being copied. */
export class BodyParts {
  private index = 0;
  private offset = 0;
  private left: number;

  constructor(private readonly parts: readonly Buffer[]) {
    this.left = parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Bytes that were not taken yet. */
  get bytesLeft(): number {
    return this.left;
  }

  /** What is left of the next piece; empty at the end. */
  take(): Buffer {
    const part = this.rest();
    this.advance(part.length);
    return part;
  }

  /** `before` and at least so many bytes more, if there are so many, in memory of their own. */
  join(before: Buffer, atLeast: number): Buffer {
    const more = Math.min(atLeast, this.left);
    const joined = Buffer.allocUnsafeSlow(before.length + more);
    joined.set(before);
    let length = before.length;
    while (length < joined.length) {
      const part = this.rest().subarray(0, joined.length - length);
      joined.set(part, length);
      length += part.length;
      this.advance(part.length);
    }
    return joined;
  }

  /** So many bytes that were taken last are to be taken again. */
  giveBack(bytes: number): void {
    this.left += bytes;
    let back = bytes;
    while (back > this.offset) {
      back -= this.offset;
      this.index -= 1;
      this.offset = this.parts[this.index]?.length ?? 0;
    }
    this.offset -= back;
  }

  private rest(): Buffer {
    for (;;) {
      const part = this.parts[this.index];
      if (part === undefined) return Buffer.alloc(0);
      if (this.offset < part.length) return part.subarray(this.offset);
      this.index += 1;
      this.offset = 0;
    }
  }

  private advance(bytes: number): void {
    this.offset += bytes;
    this.left -= bytes;
  }
}
