import type { DeadLetterHead } from '../core/dead-letter';
import { nameOfRecord } from '../core/record-name';
import { takeBatch, type RedriveRequest } from '../core/redrive';
import type { ParkedOrder, ShardEvent } from '../core/shard-work';
import type { HandlerRunner } from '../handler/handler-runner';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import { lettersWith, ParkedKeys, parkedLetters } from './parked-keys';
import { LetterRuns } from './redrive-runs';
import { insist, type RedriveWorld } from './redrive-world';

/** Their marks go into one transaction, and their handling is repeated after a crash. */
const MAX_BATCH_LETTERS = 25;

export interface DrainWorld extends HoldWorld {
  readonly hold: CheckpointHold;
  readonly runner: HandlerRunner;
}

/**
 * Handles the records of parked partition keys, in order, before anything newer of these keys: the shard reads on only when they are
 * through, or one of them has failed again and keeps its key parked.
 */
export class Drain {
  private readonly letters: RedriveWorld;

  constructor(
    private readonly world: DrainWorld,
    private readonly order: ParkedOrder,
  ) {
    const { hold, ...rest } = world;
    const { writer, workflowId } = hold;
    // After a death each letter is tried alone and marked before: one that kills the process is known by its mark.
    const fenceOf = async (): Promise<number> => hold.checkpoint.fence ?? 0;
    const isCareful = writer.attempt > 1;
    this.letters = { ...rest, origin: { workflowId, runId: writer.runId }, isCareful, fenceOf };
  }

  /** Returns what is parked afterwards; `left` if the slice is to end before all was tried. */
  async run(isMeant: (partitionKey: string) => boolean): Promise<ParkedKeys | 'left'> {
    const { hold, runtime } = this.world;
    const runs = new LetterRuns(this.letters, this.request, []);
    const heads: DeadLetterHead[] = [];
    for await (const head of parkedLetters(runtime.letters, hold.shard))
      if (isMeant(head.partitionKey)) heads.push(head);
    if (this.order.kind === 'skip' && !(await this.wasDiscarded())) await this.discard(heads.shift());
    const { maxBatchBytes: maxBytes } = runtime.definition.options;
    const limits = { maxLetters: this.letters.isCareful ? 1 : MAX_BATCH_LETTERS, maxBytes };
    let records = 0;
    for (let rest = heads; rest.length > 0;) {
      if (this.world.ownership.stop.aborted) return 'left';
      const batch = takeBatch(rest, limits);
      const added = await runs.handle(batch);
      if (added === 'left') return 'left';
      records += added.redriven;
      rest = rest.slice(batch.length);
    }
    if (records > 0) hold.noteEvent({ kind: 'drained', atMs: hold.now, records });
    return ParkedKeys.load(runtime.letters, hold.shard);
  }

  /** Whether an execution before this one has carried out the skip: it concerns one record, however often it is tried. */
  private async wasDiscarded(): Promise<boolean> {
    const { hold, runtime } = this.world;
    return hasMark(lettersWith(runtime.letters, hold.shard, 'DISCARDED'), this.request.id);
  }

  /** Whether an execution before this one has carried out some of the order: that nothing is parked now is its doing. */
  async hasBegun(): Promise<boolean> {
    const { hold, runtime } = this.world;
    const redriven = lettersWith(runtime.letters, hold.shard, 'REDRIVEN');
    return (await this.wasDiscarded()) || hasMark(redriven, this.request.id);
  }

  /** The first record of the key is given up. */
  private async discard(head: DeadLetterHead | undefined): Promise<void> {
    if (head === undefined) return;
    const { hold, dependencies, runtime } = this.world;
    const { by, reason } = this.order;
    const decided = { decidedBy: by, redriveId: this.request.id, atMs: hold.now, ...(reason ? { reason } : {}) };
    const change = { id: dependencies.mintToken(), status: 'DISCARDED', ...decided } as const;
    await insist(this.letters, () => runtime.letters.mark({ letter: head, change }));
    const code = head.errors.at(-1)?.code ?? 'HANDLER_FAILED';
    const record = { sequenceNumber: nameOfRecord(head), code, atMs: hold.now };
    const event: ShardEvent = { kind: 'skipped', by, ...(reason ? { reason } : {}), ...record };
    hold.noteEvent(event);
  }

  private get request(): RedriveRequest {
    const { hold } = this.world;
    const { by, reason, atMs } = this.order;
    return {
      // The same in every execution of the order, so that each knows the marks of those before it.
      id: `order ${atMs} of ${hold.workflowId}`,
      by,
      ...(reason ? { reason } : {}),
      stream: hold.shard,
      filter: {},
      status: 'PARKED',
      startedAtMs: hold.now,
    };
  }
}

async function hasMark(heads: AsyncIterable<DeadLetterHead>, id: string): Promise<boolean> {
  for await (const head of heads) if (head.redriveId === id) return true;
  return false;
}
