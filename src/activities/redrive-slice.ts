import { ApplicationFailure } from '@temporalio/activity';
import type { DeadLetterHead } from '../core/dead-letter';
import { parentsFirst } from '../core/shard-graph';
import { compareSequenceNumbers } from '../core/positions';
import { nameOfRecord, parseRecordName } from '../core/record-name';
import {
  isOver,
  judgeLetter,
  NO_COUNTS,
  shardsLeft,
  startIn,
  takeBatch,
  type RedriveInput,
  type RedriveProgress,
  type RedriveResult,
} from '../core/redrive';
import { timingOf } from '../core/timing';
import type { DeadLetterPage, DeadLetterPosition } from '../dead-letters/dead-letter-store';
import type { HeartbeatNote } from './ownership';
import { insist, type RedriveWorld } from './redrive-world';
import { LetterRuns } from './redrive-runs';

/** One activity lasts at least this long, if there is as much to do: history must not grow with every batch. */
const SLICE_MS = 10_000;
const PAGE_LETTERS = 100;
/** Their marks go into one transaction, and their handling is repeated after a crash. */
const MAX_BATCH_LETTERS = 25;

/** What the heartbeat of a redrive says: how far it has come. */
export interface RedriveNote extends HeartbeatNote {
  readonly progress?: RedriveProgress;
}

/** One execution of `redriveDeadLetters`: shards parents first, letters in the order of their records. */
export class RedriveSlice {
  private readonly startedAtMs = performance.now();
  private readonly runs: LetterRuns;
  private progress: RedriveProgress | undefined;

  constructor(
    private readonly world: RedriveWorld,
    private readonly input: RedriveInput,
  ) {
    this.progress = input.progress;
    this.runs = new LetterRuns(world, input, input.progress?.heldKeys ?? []);
  }

  async run(): Promise<RedriveResult> {
    const shardIds = await this.shardsInOrder();
    const total = this.progress === undefined ? await this.count(shardIds) : 0;
    if (total === undefined) return this.result(this.leaveReason() ?? 'interval');
    this.note({ total });
    for (const shardId of shardsLeft(shardIds, this.progress?.cursor)) {
      const end = this.leaveReason() ?? (await this.walk(shardId));
      if (end !== undefined) return this.result(end);
      this.note({ cursor: { shardId } });
    }
    return this.result('done');
  }

  private async shardsInOrder(): Promise<string[]> {
    const { stream, filter } = this.input;
    const known = await insist(this.world, () => this.world.runtime.store.listKnownShards(stream));
    const graph = known.map(({ shardId, parentShardIds: [parentShardId, adjacentParentShardId] }) => {
      return { shardId, parentShardId, adjacentParentShardId, isClosed: false };
    });
    const ids = parentsFirst(graph).map(({ shardId }) => shardId);
    return filter.shardId === undefined ? ids : ids.filter((shardId) => shardId === filter.shardId);
  }

  /** All that this redrive handles, what it had handled before a crash among it. Undefined if it is to end before. */
  private async count(shardIds: readonly string[]): Promise<number | undefined> {
    let total = 0;
    for (const shardId of shardIds) {
      let after = startIn(shardId, undefined, this.input.filter);
      do {
        if (this.world.ownership.stop.aborted) return undefined;
        const page = await this.page(shardId, after);
        total += page.letters.filter((letter) => judgeLetter(letter, this.input) !== 'ignore').length;
        after = this.afterPage(page);
      } while (after !== undefined);
    }
    return total;
  }

  /** Undefined once the shard is done. */
  private async walk(shardId: string): Promise<RedriveResult['end'] | undefined> {
    let after = startIn(shardId, this.progress?.cursor, this.input.filter);
    do {
      const page = await this.page(shardId, after);
      const end = await this.handlePage(shardId, page.letters);
      if (end !== undefined) return end;
      after = this.afterPage(page);
      if (after !== undefined) this.note({ cursor: { shardId, after } });
    } while (after !== undefined);
    return undefined;
  }

  private async handlePage(
    shardId: string,
    letters: readonly DeadLetterHead[],
  ): Promise<RedriveResult['end'] | undefined> {
    const { maxBatchRecords, maxBatchBytes } = this.world.runtime.definition.options;
    const maxLetters = this.world.isCareful ? 1 : Math.min(maxBatchRecords, MAX_BATCH_LETTERS);
    const limits = { maxLetters, maxBytes: maxBatchBytes };
    let rest = letters.filter((letter) => judgeLetter(letter, this.input) !== 'ignore');
    while (rest.length > 0) {
      const end = this.leaveReason();
      if (end !== undefined) return end;
      const batch = takeBatch(rest, limits);
      const counts = await this.runs.handle(batch);
      if (counts === 'left') return this.leaveReason();
      const last = batch[batch.length - 1];
      this.note({
        ...counts,
        heldKeys: this.runs.heldKeys,
        ...(last ? { cursor: { shardId, after: positionOf(last) } } : {}),
      });
      rest = rest.slice(batch.length);
    }
    return this.leaveReason();
  }

  private page(shardId: string, after: DeadLetterPosition | undefined): Promise<DeadLetterPage> {
    const { stream, filter, startedAtMs } = this.input;
    const times = { fromMs: filter.fromMs, toMs: Math.min(filter.toMs ?? startedAtMs, startedAtMs) };
    const shard = { ...stream, shardId };
    const { letters } = this.world.runtime;
    return insist(this.world, () => letters.list(shard, { ...times, after, limit: PAGE_LETTERS }));
  }

  /** Where to go on behind a page; undefined at the end of what is asked for. */
  private afterPage({ letters, after }: DeadLetterPage): DeadLetterPosition | undefined {
    const wanted = parseRecordName(this.input.filter.sequenceNumber ?? '');
    const last = letters.at(-1);
    const isBehind =
      wanted !== undefined &&
      last !== undefined &&
      compareSequenceNumbers(last.sequenceNumber, wanted.sequenceNumber) > 0;
    return isBehind ? undefined : after;
  }

  /** Why to end here, if so. */
  private leaveReason(): RedriveResult['end'] | undefined {
    const { ownership } = this.world;
    ownership.assertOwner();
    // An operator's pause is obeyed by failing this attempt: Temporal starts the next one when it is resumed.
    if (ownership.stopReason === 'paused') throw ApplicationFailure.retryable('Paused by an operator', 'PAUSED');
    if (ownership.stopReason !== undefined) return ownership.stopReason;
    if (this.progress !== undefined && isOver(this.progress)) return 'tooManyFailures';
    return performance.now() - this.startedAtMs >= SLICE_MS ? 'interval' : undefined;
  }

  /** Adds to what is known, and tells the heartbeat. Counts in `change` are what was added. */
  private note(change: Partial<RedriveProgress>): void {
    const before = this.progress ?? { ...NO_COUNTS, heldKeys: [] };
    this.progress = {
      total: before.total + (change.total ?? 0),
      redriven: before.redriven + (change.redriven ?? 0),
      failed: before.failed + (change.failed ?? 0),
      held: before.held + (change.held ?? 0),
      skipped: before.skipped + (change.skipped ?? 0),
      heldKeys: change.heldKeys ?? before.heldKeys,
      cursor: change.cursor ?? before.cursor,
    };
    this.world.ownership.describe(noteOf(this.progress));
  }

  private result(end: RedriveResult['end']): RedriveResult {
    const { dependencies, runtime } = this.world;
    const { progress } = this;
    return { end, progress, timing: timingOf(runtime.definition.options), worker: dependencies.worker };
  }
}

function noteOf(progress: RedriveProgress): RedriveNote {
  const { cursor, redriven } = progress;
  const position =
    cursor === undefined ? 'not begun' : `${cursor.shardId} ${cursor.after ? nameOfRecord(cursor.after) : 'done'}`;
  return { position, records: redriven, progress };
}

function positionOf({ sequenceNumber, subSequenceNumber }: DeadLetterHead): DeadLetterPosition {
  return subSequenceNumber === undefined ? { sequenceNumber } : { sequenceNumber, subSequenceNumber };
}
