/** What a process holds of pages: how much is reserved for one, until `release`. */
export interface PageReservation {
  /** The page is known: it takes so many bytes and not what was reserved for it. */
  settle(bytes: number, giveBack?: () => void): void;
  /** Nobody looks at the page any more. */
  done(): void;
  /** The page is given up, but somebody may look at it still. */
  release(): void;
}

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * Bounds the bytes of the pages that a process holds, read ahead or being handled. Who asks first is served first; a page larger than
 * the whole is let in when nothing else is held.
 */
export class PageMemory {
  private heldBytes = 0;
  private waiters: Waiter[] = [];

  constructor(private readonly limitBytes: number) {}

  get held(): number {
    return this.heldBytes;
  }

  /** Waits until there is room. @throws the reason of `signal` */
  async reserve(bytes: number, signal: AbortSignal): Promise<PageReservation> {
    signal.throwIfAborted();
    if (this.waiters.length > 0 || !this.hasRoom(bytes)) await this.wait(bytes, signal);
    else this.heldBytes += bytes;
    return this.reservation(bytes);
  }

  private wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiters = this.waiters.filter((one) => one !== waiter);
        reject(signal.reason as Error);
        this.serve();
      };
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiters.push(waiter);
    });
  }

  private reservation(reservedBytes: number): PageReservation {
    let bytes = reservedBytes;
    let whenDone: (() => void) | undefined;
    const settle = (actual: number, giveBack?: () => void): void => {
      this.heldBytes += actual - bytes;
      bytes = actual;
      whenDone = giveBack;
      this.serve();
    };
    const release = (): void => settle(0);
    const done = (): void => {
      try {
        whenDone?.();
      } finally {
        release();
      }
    };
    return { settle, done, release };
  }

  private serve(): void {
    for (let first = this.waiters[0]; first && this.hasRoom(first.bytes); first = this.waiters[0]) {
      this.waiters.shift();
      this.heldBytes += first.bytes;
      first.grant();
    }
  }

  private hasRoom(bytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + bytes <= this.limitBytes;
  }
}
