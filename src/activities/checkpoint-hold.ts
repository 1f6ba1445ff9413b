import { activityInfo } from '@temporalio/activity';
import type { EffectsRefused, Effect } from '../checkpoints/checkpoint-store';
import { Committer, type Claim } from '../checkpoints/committer';
import type { CheckpointState, CommitFacts, Totals, TrialMark, Writer } from '../core/checkpoint';
import { driftOf } from '../core/commit-protocol';
import type { Move } from '../core/control';
import { codeOf, TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { backoffMs, WRITE_BACKOFF } from '../core/pacing';
import { describePosition, type Position } from '../core/positions';
import type { ClaimInput } from '../core/control-work';
import type { Progress, ShardEvent } from '../core/shard-work';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import {
  claimedChannel,
  committedChannel,
  eventChannel,
  fencedChannel,
  troubleChannel,
  type ClaimedMessage,
  type CommittedMessage,
  type FencedMessage,
  type ShardEventMessage,
  type TroubleMessage,
} from './diagnostics';
import type { LeftOut } from './left-out';
import type { Ownership } from './ownership';
import { sleep } from './sleep';
import { traceCommit } from './traces';
import { logFenced, logLeftOut, logTrouble } from './slice-log';

/** Each has some 200 bytes. */
const MAX_EVENTS = 100;

export interface HoldWorld {
  readonly dependencies: ActivityDependencies;
  readonly runtime: ConsumerRuntime;
  readonly ownership: Ownership;
}

/** What one commit brings beside the position. */
export interface CommitContent {
  readonly progress: Progress;
  /** Records between the last position and this one. */
  readonly records: number;
  readonly effects?: readonly Effect[];
  readonly trial?: TrialMark;
}

/** The checkpoint as one execution of `processBatches` holds it, with what it tells of itself: progress, events, heartbeats, diagnostics. */
export class CheckpointHold {
  readonly events: ShardEvent[] = [];
  readonly writer: Writer;
  readonly workflowId: string;
  progress: Progress;
  /** What a reader leaves out of the aggregates that it opens. */
  leftOut: LeftOut | undefined;
  /** What it found when it took the checkpoint. */
  acquired: { readonly position: Position; readonly totals: Totals } | undefined;
  private readonly committer: Committer;
  private refusedRecords = 0;

  constructor(
    private readonly world: HoldWorld,
    private readonly input: ClaimInput,
  ) {
    const info = activityInfo();
    const { runId, workflowId } = info.workflowExecution ?? { runId: '', workflowId: '' };
    this.workflowId = workflowId;
    this.writer = { runId, activityId: info.activityId, activitySeq: input.activitySeq, attempt: info.attempt };
    this.progress = input.progress;
    const { dependencies, runtime, ownership } = world;
    this.committer = new Committer(
      {
        store: runtime.store,
        mintToken: dependencies.mintToken,
        random: dependencies.random,
        nowMs: dependencies.now,
        // A commit is made again as long as the shard is this execution's. A claim protects no work, so a stop ends it.
        sleep: (ms) => sleep(ms, this.committer.current ? ownership.lost : ownership.stop),
        assertOwner: () => ownership.assertOwner(),
        onTrouble: (error) => this.noteTrouble(error, 'checkpoint'),
      },
      { shard: input.shard, writer: this.writer, workflowId, parentShardIds: input.parentShardIds },
    );
  }

  /** Takes the checkpoint; gives the mark that the row bore, if any. */
  async acquire(): Promise<{ kind: 'owned'; trial?: TrialMark } | { kind: 'fenced' }> {
    const sentAtNs = process.hrtime.bigint();
    const acquired = await this.committer.acquire(this.input.belief, this.facts());
    if (acquired.kind === 'fenced') return acquired;
    const { trial, ...progress } = acquired.facts;
    this.progress = progress;
    this.acquired = { position: acquired.checkpoint.position, totals: progress.totals };
    if (acquired.claimed) this.noteClaim(acquired.claimed, acquired.checkpoint, sentAtNs);
    this.describe();
    return { kind: 'owned', ...(trial ? { trial } : {}) };
  }

  /** Puts the checkpoint elsewhere as ordered. What was known of the records before the old place does not hold at the new one. */
  async move(move: Move): Promise<{ kind: 'moved' | 'superseded'; checkpoint: CheckpointState } | { kind: 'fenced' }> {
    const { caughtUpAtMs: _caughtUp, millisBehindLatest: _behind, lastArrivalMs: _arrival, ...kept } = this.progress;
    const { arrivalMs: lastArrivalMs } = move;
    const facts = this.facts({ ...kept, lastArrivalMs, committedAtMs: this.now });
    const sentAtNs = process.hrtime.bigint();
    const result = await this.committer.move(this.input.belief, move, facts);
    if (result.kind === 'fenced') return result;
    const { trial: _trial, ...progress } = result.facts;
    this.progress = progress;
    const { checkpoint } = result;
    const previousToken = this.input.belief.token ?? null;
    if (result.kind === 'moved')
      claimedChannel.publish({
        shard: this.input.shard,
        writer: this.writer,
        checkpoint,
        previousToken,
        sentAtNs,
      } satisfies ClaimedMessage);
    return { kind: result.kind === 'superseded' ? 'superseded' : 'moved', checkpoint: result.checkpoint };
  }

  get shard(): ShardIdentity {
    return this.input.shard;
  }

  get isAcquired(): boolean {
    return this.committer.current !== undefined;
  }

  /** The last state that was decided. */
  get checkpoint(): CheckpointState {
    const { current } = this.committer;
    if (!current) throw new Error('The checkpoint was not acquired');
    return current;
  }

  get now(): number {
    return this.world.dependencies.now();
  }

  /** The state in memory changes only after the store has decided. */
  async commit(position: Position, content: CommitContent): Promise<'committed' | 'fenced' | EffectsRefused> {
    const { progress, records, effects, trial } = content;
    const before = this.checkpoint;
    const progressBefore = this.progress;
    const leftOut = this.leftOut?.upTo(position) ?? 0;
    const committed: Progress = { ...withLeftOut(progress, leftOut), committedAtMs: this.now };
    const sentAtNs = process.hrtime.bigint();
    const move = { from: before.position, to: position, content };
    const outcome = await traceCommit(this.input.shard, move, () =>
      this.committer.commit(position, { ...this.facts(committed), trial }, effects),
    );
    if (outcome === 'fenced') this.refusedRecords = records;
    if (outcome !== 'committed') return outcome;
    this.progress = committed;
    this.describe();
    if (leftOut > 0) this.noteLeftOut(position, leftOut);
    committedChannel.publish({
      shard: this.input.shard,
      writer: this.writer,
      from: before.position,
      checkpoint: this.checkpoint,
      previousToken: before.token,
      records,
      before: progressBefore,
      progress: committed,
      sentAtNs,
    } satisfies CommittedMessage);
    return 'committed';
  }

  /** Repeats what must be done before the next commit until it succeeds, or the slice is to end. */
  async untilDone(action: () => Promise<void>): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof TidemarkError) || !error.retryable) throw error;
        this.noteTrouble(error);
        await sleep(backoffMs(WRITE_BACKOFF, failures, this.world.dependencies.random()), this.world.ownership.stop);
      }
    }
  }

  /** Many records may be set aside at once: beyond the limit, those of which the same is to be told share one event. */
  noteEvent(event: ShardEvent): void {
    const last = this.events.at(-1);
    const isShared = this.hasManyEvents && isOfRecords(event) && last && isOfRecords(last) && last.kind === event.kind;
    if (isShared) this.events[this.events.length - 1] = { ...event, others: (last.others ?? 0) + 1 };
    else this.events.push(event);
    eventChannel.publish({ shard: this.input.shard, event } satisfies ShardEventMessage);
  }

  /** One event tells of all in an execution. */
  private noteLeftOut(position: Position, records: number): void {
    this.leftOut?.forgetUpTo(position);
    const index = this.events.findIndex(({ kind }) => kind === 'leftOut');
    const before = this.events[index];
    const sum = records + (before?.kind === 'leftOut' ? before.records : 0);
    const event = { kind: 'leftOut', atMs: this.now, records: sum } as const;
    if (index >= 0) this.events[index] = event;
    else this.noteEvent(event);
    if (index < 0) logLeftOut(this.input.shard);
  }

  /** The slice should end: all of them go through Temporal's history in its result (2 MB at most). */
  get hasManyEvents(): boolean {
    return this.events.length >= MAX_EVENTS;
  }

  noteFenced(): void {
    this.events.push({ kind: 'fenced', atMs: this.now });
    const records = this.refusedRecords;
    fencedChannel.publish({ shard: this.input.shard, writer: this.writer, records } satisfies FencedMessage);
    logFenced(this.input.shard);
  }

  noteTrouble(error: unknown, of: TroubleMessage['of'] = 'other'): void {
    const code = error === undefined ? undefined : (codeOf(error) ?? 'INTERNAL');
    this.describe(code);
    troubleChannel.publish({ shard: this.input.shard, of, ...(code ? { code } : {}) } satisfies TroubleMessage);
    if (code) logTrouble(this.input.shard, code, error);
  }

  /** What a pending activity shows of itself. */
  describe(waitingFor?: string, trying?: string): void {
    const position = describePosition(this.committer.current?.position ?? this.input.belief.position);
    this.world.ownership.describe({
      position,
      records: this.progress.totals.records,
      ...(waitingFor ? { waitingFor } : {}),
      ...(trying ? { trying } : {}),
    });
  }

  private noteClaim({ adopted, previousToken }: Claim, checkpoint: CheckpointState, sentAtNs: bigint): void {
    this.events.push({ kind: 'claimed', atMs: this.now, adopted });
    const message: ClaimedMessage = {
      shard: this.input.shard,
      writer: this.writer,
      checkpoint,
      previousToken,
      drift: driftOf(adopted, this.input.belief),
      sentAtNs,
    };
    claimedChannel.publish(message);
  }

  private facts(progress: Progress = this.progress): CommitFacts {
    return { ...progress, committedAtMs: progress.committedAtMs ?? this.now };
  }
}

function withLeftOut(progress: Progress, records: number): Progress {
  const { totals } = progress;
  return records === 0 ? progress : { ...progress, totals: { ...totals, leftOut: (totals.leftOut ?? 0) + records } };
}

type RecordsEvent = Extract<ShardEvent, { readonly kind: 'deadLettered' | 'parked' }>;

function isOfRecords(event: ShardEvent): event is RecordsEvent {
  return event.kind === 'deadLettered' || event.kind === 'parked';
}
