import type { OnReadOpts, Socket } from 'node:net';

/** What Node reads of a socket at a time, at most. */
const READ_BYTES = 64 * 1_024;
/** Where the parts of a large answer are put together: what many reads bring lies in one piece. */
const PIECE_BYTES = 128 * 1_024;
/** The beginning of an answer is copied as it is: one without records has a few hundred bytes, and must not hold a piece. */
const SMALL_BYTES = 32 * 1_024;
/** What is given back beyond is left to the garbage collector. */
const MAX_SPARE_BYTES = 16 * 1_024 * 1_024;

/** What a socket's present answer is put into. */
interface Filling {
  piece: Buffer | undefined;
  used: number;
  /** Of the answer, so far. */
  bytes: number;
}

/**
 * Memory of answers, used again and again. New memory for every read would be outside V8's heap, and for some tens of megabytes of it V8 goes through
 * the whole heap: that was a third of the CPU time of a consumer with a backlog (decision 27).
 *
 * All sockets are read into the same buffer, and what came is copied at once: a buffer of its own for each read cannot be had safely, because Node
 * goes on with the one before if anything throws meanwhile.
 */
export class SocketMemory {
  private readonly spare: ArrayBuffer[] = [];
  private joined = Buffer.alloc(0);
  private readonly fillings = new WeakMap<Socket, Filling>();
  /** Of all memory that answers are in: no other is ever given back. */
  private readonly owners = new WeakMap<ArrayBufferLike, Filling>();

  /** For `net.connect` and `tls.connect`. */
  readonly onread: OnReadOpts = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: this.receiver() };

  /** Nothing is added to the memory of this answer, which has come as a whole. */
  close(parts: readonly Buffer[]): void {
    // Of what has waited in a stream Node makes a copy: not every part need be in memory from here.
    for (const { buffer } of parts) {
      const filling = this.owners.get(buffer);
      if (filling) Object.assign(filling, { piece: undefined, bytes: 0 });
    }
  }

  /** Memory of a closed answer that nobody reads any more. What views of it are left are empty from now on. */
  giveBack(parts: readonly Buffer[]): void {
    const memory = [...new Set(parts.map(({ buffer }) => buffer))].filter((one) => this.isOwn(one));
    if (memory.length === 0) return;
    // Views are of the memory before a transfer.
    const pieces = structuredClone(memory, { transfer: memory }).filter(({ byteLength }) => byteLength === PIECE_BYTES);
    this.spare.push(...pieces.slice(0, MAX_SPARE_BYTES / PIECE_BYTES - this.spare.length));
  }

  /** The whole of an answer, to be read at once: the next call writes over it. */
  join(parts: readonly Buffer[]): Buffer {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    const isUsual = bytes <= MAX_SPARE_BYTES;
    if (isUsual && this.joined.length < bytes) this.joined = Buffer.allocUnsafeSlow(bytes);
    const whole = isUsual ? this.joined.subarray(0, bytes) : Buffer.allocUnsafeSlow(bytes);
    let length = 0;
    for (const part of parts) length += part.copy(whole, length);
    return whole;
  }

  /** Places for what is decoded of an answer, together of so many bytes. `pieces` has the memory that they are in. */
  room(bytes: number, pieces: Set<ArrayBufferLike>): (bytes: number) => Buffer {
    const filling: Filling = { piece: undefined, used: 0, bytes };
    if (bytes <= SMALL_BYTES) filling.piece = this.newMemory(filling, bytes);
    return (length) => {
      const place = this.placeIn(filling, length);
      pieces.add(place.buffer);
      return place;
    };
  }

  /** Not if it went to a handler's thread: then it is empty here. */
  private isOwn(memory: ArrayBufferLike): memory is ArrayBuffer {
    return this.owners.has(memory) && memory.byteLength > 0;
  }

  /** Of a socket, which is its `this`: hands on what came, as Node does without `onread`. */
  private receiver(): OnReadOpts['callback'] {
    const copyFor = (socket: Socket, read: Buffer): Buffer => this.copyFor(socket, read);
    return function (this: Socket, bytes: number, buffer: Buffer): boolean {
      return this.push(copyFor(this, buffer.subarray(0, bytes)));
    };
  }

  private copyFor(socket: Socket, read: Buffer): Buffer {
    const filling = this.fillingOf(socket);
    filling.bytes += read.length;
    const isBeginning = filling.bytes <= SMALL_BYTES;
    const place = isBeginning ? this.newMemory(filling, read.length) : this.placeIn(filling, read.length);
    read.copy(place);
    return place;
  }

  private fillingOf(socket: Socket): Filling {
    const known = this.fillings.get(socket);
    if (known) return known;
    const filling = { piece: undefined, used: 0, bytes: 0 };
    this.fillings.set(socket, filling);
    return filling;
  }

  private placeIn(filling: Filling, bytes: number): Buffer {
    if (bytes > PIECE_BYTES) return this.newMemory(filling, bytes);
    if (!filling.piece || filling.used + bytes > filling.piece.length) {
      filling.piece = this.newPiece(filling);
      filling.used = 0;
    }
    const start = filling.used;
    filling.used += bytes;
    return filling.piece.subarray(start, filling.used);
  }

  private newPiece(filling: Filling): Buffer {
    const spare = this.spare.pop();
    return spare ? this.own(Buffer.from(spare), filling) : this.newMemory(filling, PIECE_BYTES);
  }

  private newMemory(filling: Filling, bytes: number): Buffer {
    return this.own(Buffer.allocUnsafeSlow(bytes), filling);
  }

  private own(memory: Buffer, filling: Filling): Buffer {
    this.owners.set(memory.buffer, filling);
    return memory;
  }
}

/** Both parts as one, if the second follows the first in memory. */
export function joinedParts(first: Buffer | undefined, second: Buffer): Buffer | undefined {
  const isNext = first?.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset;
  return isNext ? Buffer.from(first.buffer, first.byteOffset, first.length + second.length) : undefined;
}

/** What these parts hold of the process's memory, bytes. */
export function heldBytes(parts: readonly Uint8Array[]): number {
  const memory = new Set(parts.map(({ buffer }) => buffer));
  return [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Of this process: pages are given back by others than those who read them. */
export const socketMemory = new SocketMemory();
