import { setTimeout as sleep } from 'node:timers/promises';
import { receiveMessageOnPort, type MessagePort, type Worker } from 'node:worker_threads';
import { TidemarkError } from '../../core/errors';
import { describeHandlerError, type ErrorDetail } from '../describe-error';
import { BatchFailedError } from '../handler-runner';
import type { AbortKind, FromThread, Reply, ToThread } from './messages';

/** A thread that has been started, and the port on which it will say that it is ready. */
export interface StartedThread {
  readonly worker: Worker;
  readonly port: MessagePort;
}

/** A thread that does not end by then is left to itself. */
const TERMINATE_LIMIT_MS = 5_000;

/** How a thread ended: by an error, of which it may have said something itself, or with an exit code. */
interface Death {
  readonly exitCode: number;
  readonly error?: unknown;
  readonly lastWords?: string;
}

/** The main side of one handler's thread: one run at a time. */
export class HandlerThread {
  private readonly replies = new Map<number, (reply: Reply | Death) => void>();
  private readonly loaded: Promise<void>;
  private death: Death | undefined;
  private isLoaded = false;
  private isEnding = false;
  private error: unknown;
  private lastWords: string | undefined;
  private lastId = 0;

  constructor(
    private readonly thread: StartedThread,
    loadLimitMs: number,
  ) {
    const { worker, port } = thread;
    worker.on('error', (error) => (this.error = error));
    worker.once('exit', (exitCode) => this.onExit(exitCode));
    this.loaded = this.load(loadLimitMs);
    // Told by `ready`; nobody may be asking when it fails.
    this.loaded.catch(() => undefined);
    port.on('message', (message: FromThread) => this.onMessage(message));
  }

  /** False as well once it is being ended: one that hangs in native code may take its time. */
  get isAlive(): boolean {
    return this.death === undefined && !this.isEnding;
  }

  /** @throws `INVALID_CONSUMER_FILE` if the thread could not load its consumer */
  async ready(): Promise<void> {
    await this.loaded;
  }

  /** Begins a run. Resolves when the handler has settled, or the thread has died. */
  send(message: Omit<Extract<ToThread, { kind: 'run' }>, 'id'>, transfer: ArrayBuffer[]): Promise<Reply | Death> {
    this.lastId += 1;
    const id = this.lastId;
    if (this.death) return Promise.resolve(this.death);
    const reply = new Promise<Reply | Death>((resolve) => this.replies.set(id, resolve));
    this.thread.port.postMessage({ ...message, id } satisfies ToThread, transfer);
    return reply;
  }

  /** Aborts the signal of the handler that runs. */
  abort(why: AbortKind): void {
    this.thread.port.postMessage({ kind: 'abort', id: this.lastId, why } satisfies ToThread);
  }

  /** Whether it keeps the process alive. */
  hold(isHeld: boolean): void {
    const { worker, port } = this.thread;
    for (const it of [worker, port])
      if (isHeld) it.ref();
      else it.unref();
  }

  async terminate(): Promise<void> {
    this.isEnding = true;
    const limit = new AbortController();
    const late = sleep(TERMINATE_LIMIT_MS, undefined, { signal: limit.signal, ref: false }).catch(() => undefined);
    await Promise.race([this.thread.worker.terminate(), late]);
    limit.abort();
  }

  private async load(limitMs: number): Promise<void> {
    const limit = new AbortController();
    const first = new Promise<FirstNews>((resolve) => (this.onFirst = resolve));
    const late = sleep(limitMs, 'late' as const, { signal: limit.signal, ref: false });
    late.catch(() => undefined);
    const news = await Promise.race([first, late]);
    limit.abort();
    if (news === 'ready') {
      this.isLoaded = true;
      return;
    }
    await this.terminate();
    throw unloadable(news === 'late' ? `it took longer than ${limitMs} ms` : news.why);
  }

  private onFirst: (news: FirstNews) => void = () => undefined;

  private onMessage(message: FromThread): void {
    if (message.kind === 'ready') return this.onFirst('ready');
    if (message.kind === 'dying') return void (this.lastWords = message.message);
    if (message.kind === 'unloadable') return this.onFirst({ why: message.message });
    this.replies.get(message.id)?.(message);
    this.replies.delete(message.id);
  }

  private onExit(exitCode: number): void {
    // What it said before its end counts.
    const { port } = this.thread;
    for (let last = receiveMessageOnPort(port); last; last = receiveMessageOnPort(port))
      this.onMessage(last.message as FromThread);
    port.close();
    const death: Death = { exitCode, error: this.error, lastWords: this.lastWords };
    this.death = death;
    this.onFirst({ why: describeDeath(death, 'message') });
    if (this.isLoaded && this.replies.size === 0 && !this.isEnding) warn(death);
    for (const resolve of this.replies.values()) resolve(death);
    this.replies.clear();
  }
}

/** What a thread says of itself before anything else. */
type FirstNews = 'ready' | { readonly why: string };

/** No batch is to blame. */
function warn(death: Death): void {
  process.emitWarning(
    `The thread of a handler ended between two batches, ${describeDeath(death, 'code')}`,
    'TidemarkWarning',
  );
}

function unloadable(why: string): TidemarkError {
  const what = `The consumer could not be loaded in a thread of its own: ${why}`;
  const hint = 'The file that `file` names must export this consumer, and start nothing else.';
  return new TidemarkError('INVALID_CONSUMER_FILE', what, { hint });
}

/** What becomes of a batch whose thread ended. */
export function died(death: Death, detail: ErrorDetail): BatchFailedError {
  const message = `The thread of the handler ended ${describeDeath(death, detail)}`;
  return new BatchFailedError('died', { code: 'HANDLER_DIED', message });
}

function describeDeath({ error, exitCode, lastWords }: Death, detail: ErrorDetail): string {
  if (error === undefined && lastWords === undefined) return `with exit code ${exitCode}`;
  return `by an error that nothing caught: ${lastWords ?? describeHandlerError(error, detail)}`;
}
