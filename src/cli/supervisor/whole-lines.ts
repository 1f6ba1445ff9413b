/** A line that is longer goes out in pieces: a process that never ends its line must not fill the memory of the supervisor. */
export const MAX_LINE_BYTES = 1_048_576;

const NEWLINE = 0x0a;
const END = Buffer.from('\n');

/** Cuts what a process writes into whole lines and puts a prefix before each, so that lines of several processes can be mixed. */
export class WholeLines {
  private readonly prefix: Buffer;
  private open: Buffer[] = [];
  private openBytes = 0;

  constructor(prefix: string) {
    this.prefix = Buffer.from(prefix);
  }

  /** The lines that this chunk ends, with their prefixes. */
  push(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, end));
      this.endLine(out);
      from = end + 1;
    }
    if (from < chunk.length) this.keep(chunk.subarray(from));
    if (this.openBytes > MAX_LINE_BYTES) this.endLine(out);
    return Buffer.concat(out);
  }

  /** What is left without an end of line. */
  end(): Buffer {
    const out: Buffer[] = [];
    if (this.openBytes > 0) this.endLine(out);
    return Buffer.concat(out);
  }

  private keep(part: Buffer): void {
    this.open.push(part);
    this.openBytes += part.length;
  }

  private endLine(out: Buffer[]): void {
    out.push(this.prefix, ...this.open, END);
    this.open = [];
    this.openBytes = 0;
  }
}
