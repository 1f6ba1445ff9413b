import type { OnReadOpts, Socket } from 'node:net';

/** What libuv reads of a socket at a time, at most. */
const PIECE_BYTES = 64 * 1_024;
/** What is less is copied, and its piece is read into again: an answer without records has a few hundred bytes. */
const SMALL_BYTES = 4 * 1_024;
/** 16 MiB: what is given back beyond is left to the garbage collector. */
const MAX_SPARE = 256;

/**
 * Memory that sockets are read into, used again and again. New memory for every read would be outside V8's heap, and for some tens of megabytes
 * of it V8 goes through the whole heap: that was a third of the CPU time of a consumer with a backlog (decision 27).
 */
export class SocketMemory {
  private readonly spare: ArrayBuffer[] = [];
  /** The piece of the socket that was read just now, if that goes on with it. */
  private kept: Buffer | undefined;

  /** For `net.connect` and `tls.connect`. Node asks for a socket's next buffer right after it has told of what came. */
  readonly onread: OnReadOpts = {
    buffer: () => this.next(),
    callback: this.receiver(),
  };

  /** Memory that nobody reads any more. Views of it that somebody has kept are empty from now on, however little it is: a mistake shows at once. */
  giveBack(parts: readonly Buffer[]): void {
    const memory = [...new Set(parts.map(({ buffer }) => buffer))].filter(isThere);
    if (memory.length === 0) return;
    // Views are of the memory before a transfer.
    const pieces = structuredClone(memory, { transfer: memory }).filter(({ byteLength }) => byteLength === PIECE_BYTES);
    this.spare.push(...pieces.slice(0, MAX_SPARE - this.spare.length));
  }

  private next(): Buffer {
    const { kept } = this;
    this.kept = undefined;
    if (kept) return kept;
    const spare = this.spare.pop();
    return spare ? Buffer.from(spare) : Buffer.allocUnsafeSlow(PIECE_BYTES);
  }

  /** Of a socket, which is its `this`: hands on what came, as Node does without `onread`. */
  private receiver(): OnReadOpts['callback'] {
    const keep = (piece: Buffer): void => void (this.kept = piece);
    return function (this: Socket, bytes: number, piece: Uint8Array): boolean {
      const whole = piece as Buffer;
      const isSmall = bytes < SMALL_BYTES;
      const wantsMore = this.push(isSmall ? copyOf(whole, bytes) : whole.subarray(0, bytes));
      if (isSmall) keep(whole);
      return wantsMore;
    };
  }
}

/** Not in Node's pool: that must not be given away. */
function copyOf(piece: Buffer, bytes: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes);
  piece.copy(copy, 0, 0, bytes);
  return copy;
}

/** Memory that went to a handler's thread is empty here. */
function isThere(memory: ArrayBufferLike): memory is ArrayBuffer {
  return memory.byteLength > 0;
}

/** Of this process: pages are given back by others than those who read them. */
export const socketMemory = new SocketMemory();
