import { carryActiveSpan } from '../../tracing/carrier';
import type { ConsumerDefinition } from '../define-consumer';
import { BatchFailedError, type HandlerRunner, type RunOutcome, type RunRequest } from '../handler-runner';
import { handlerTimeout, timedOut } from '../inline-runner';
import { died, type HandlerThread } from './handler-thread';
import type { AbortKind } from './messages';
import { lend, type Loan } from './payloads';
import type { ThreadPool } from './thread-pool';

/** How long a handler may take to settle after its signal has aborted. Then its thread is ended. */
const GRACE_MS = 1_000;

export interface ThreadRunnerOptions {
  readonly graceMs?: number;
}

/**
 * Runs the user's code in a thread of its own: one per runner at a time, a new one after it has died. While a batch is with the thread, the
 * payloads of its records may be away; they are back when `run` has settled, but for `timeout`, `died` and a lost shard: then reading one
 * throws, unless `keepPayloads` was set.
 */
export function threadRunner(
  definition: ConsumerDefinition,
  pool: ThreadPool,
  { graceMs = GRACE_MS }: ThreadRunnerOptions = {},
): HandlerRunner {
  return new ThreadRunner(definition, pool, graceMs);
}

class ThreadRunner implements HandlerRunner {
  private held: { readonly shard: string; readonly thread: HandlerThread } | undefined;
  /** Resolves when the handler of a lost shard has settled or was ended. */
  private leftOver: Promise<unknown> | undefined;

  constructor(
    private readonly definition: ConsumerDefinition,
    private readonly pool: ThreadPool,
    private readonly graceMs: number,
  ) {}

  async run(request: RunRequest): Promise<RunOutcome> {
    const { lost } = request;
    lost.throwIfAborted();
    const { promise: isLost, forget } = whenAborted(lost);
    try {
      const thread = this.threadFor(request);
      if ((await Promise.race([thread.ready(), isLost])) === 'lost') throw lost.reason;
      return await this.runIn(thread, request, isLost);
    } finally {
      forget();
    }
  }

  async close(): Promise<void> {
    const { held } = this;
    this.held = undefined;
    await this.leftOver;
    if (held) this.pool.giveBack(held.shard, held.thread);
  }

  private threadFor({ shard: { streamArn, createdAtMs, shardId } }: RunRequest): HandlerThread {
    if (this.held?.thread.isAlive) return this.held.thread;
    const shard = this.held?.shard ?? `${streamArn}@${createdAtMs}/${shardId}`;
    if (this.held) this.pool.giveBack(shard, this.held.thread);
    this.held = { shard, thread: this.pool.take(shard) };
    return this.held.thread;
  }

  private async runIn(thread: HandlerThread, request: RunRequest, isLost: Promise<'lost'>): Promise<RunOutcome> {
    const { shard, millisBehindLatest, attempt, fence, redrive, replay, records, keepPayloads } = request;
    const run = { shard, millisBehindLatest, attempt, fence, redrive, replay };
    const loan = lend(records, keepPayloads);
    const span = carryActiveSpan();
    const message = { kind: 'run', run, records: loan.packed, ...(span ? { span } : {}) } as const;
    const reply = thread.send(message, loan.transfer);
    const settled = reply.then((end) => settle(end, loan, this.definition));
    // It may fail when nobody waits for it any more.
    settled.catch(() => undefined);
    const deadline = after(this.definition.options.handlerTimeoutMs, 'timeout' as const);
    const first = await Promise.race([settled, deadline.promise, isLost]).finally(deadline.forget);
    if (typeof first !== 'string') return first;
    const ended = this.endRun(thread, settled, first).then((hasSettled) => hasSettled || loan.writeOff());
    if (first === 'timeout') {
      await ended;
      throw timedOut(handlerTimeout(this.definition));
    }
    this.leftOver = ended;
    throw request.lost.reason;
  }

  /** Asks the handler to settle, and ends its thread if it does not. True if it did. */
  private async endRun(thread: HandlerThread, settled: Promise<unknown>, why: AbortKind): Promise<boolean> {
    thread.abort(why);
    const late = after(this.graceMs, 'late' as const);
    const quiet = settled.then(
      () => undefined,
      () => undefined,
    );
    const hasSettled = (await Promise.race([quiet, late.promise]).finally(late.forget)) !== 'late';
    if (!hasSettled) await thread.terminate();
    return hasSettled;
  }
}

type End = Awaited<ReturnType<HandlerThread['send']>>;

/** @throws BatchFailedError */
function settle(end: End, loan: Loan, { options }: ConsumerDefinition): RunOutcome {
  if ('exitCode' in end) {
    loan.writeOff();
    throw died(end, options.errorDetail);
  }
  loan.giveBack(end.buffers);
  if (end.kind === 'outcome') return end.outcome;
  if (end.kind === 'aborted')
    throw new BatchFailedError('failed', { code: 'HANDLER_FAILED', message: 'It was aborted' });
  throw new BatchFailedError(end.failure.kind, end.failure.error, end.failure.index);
}

/** Of what may come and then need not be waited for any more. */
interface Prospect<T> {
  readonly promise: Promise<T>;
  readonly forget: () => void;
}

function after<T>(ms: number, value: T): Prospect<T> {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<T>((resolve) => (timer = setTimeout(() => resolve(value), ms)));
  return { promise, forget: () => clearTimeout(timer) };
}

function whenAborted(signal: AbortSignal): Prospect<'lost'> {
  let onAbort: () => void = () => undefined;
  const promise = new Promise<'lost'>((resolve) => {
    onAbort = () => resolve('lost');
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) };
}
