import { HandlerThread, type StartedThread } from './handler-thread';

export interface ThreadPoolOptions {
  /** Starts a thread that will call `serveRuns`. */
  readonly start: () => StartedThread;
  /** How long a thread is kept that no slice uses. Default 30 s. */
  readonly idleMs?: number;
  /** How long a thread may take to load its consumer. Default 60 s. */
  readonly loadLimitMs?: number;
}

/** The threads of one consumer in this process: those of running slices, and for a while those of slices that have ended. */
export class ThreadPool {
  private readonly idle = new Map<string, { readonly thread: HandlerThread; readonly timer: NodeJS.Timeout }>();
  private readonly all = new Set<HandlerThread>();

  constructor(private readonly options: ThreadPoolOptions) {}

  /** Threads that live. */
  get size(): number {
    return [...this.all].filter(({ isAlive }) => isAlive).length;
  }

  /** The thread that the shard's last slice has left, or a new one. It is the caller's until it is given back. */
  take(shard: string): HandlerThread {
    const left = this.idle.get(shard);
    this.idle.delete(shard);
    clearTimeout(left?.timer);
    const thread = left?.thread.isAlive ? left.thread : this.start();
    thread.hold(true);
    return thread;
  }

  /** For the shard's next slice. A dead one is forgotten. */
  giveBack(shard: string, thread: HandlerThread): void {
    thread.hold(false);
    if (!thread.isAlive || this.idle.has(shard)) return this.end(thread);
    const retire = (): void => {
      this.idle.delete(shard);
      this.end(thread);
    };
    this.idle.set(shard, { thread, timer: setTimeout(retire, this.options.idleMs ?? 30_000).unref() });
  }

  /** Ends all threads, whatever they do. */
  async close(): Promise<void> {
    for (const { timer } of this.idle.values()) clearTimeout(timer);
    this.idle.clear();
    await Promise.all([...this.all].map((thread) => thread.terminate()));
    this.all.clear();
  }

  private start(): HandlerThread {
    for (const thread of this.all) if (!thread.isAlive) this.all.delete(thread);
    const thread = new HandlerThread(this.options.start(), this.options.loadLimitMs ?? 60_000);
    this.all.add(thread);
    return thread;
  }

  private end(thread: HandlerThread): void {
    this.all.delete(thread);
    void thread.terminate();
  }
}
