import type { EffectsRefused } from '../checkpoints/checkpoint-store';
import { checkTransaction } from '../checkpoints/transaction-limits';
import { codeOf } from '../core/errors';
import { retryDelayMs } from '../core/failure-policy';
import { nameOfRecord } from '../core/record-name';
import type { ShardIdentity } from '../core/names';
import type { FailedRecord, RecordError } from '../core/outcome';
import { addGain, MAX_LISTED_FAILURES, NO_GAIN, type ReplayGain, type ReplayRequest } from '../core/replay';
import { BatchFailedError, type HandlerRunner, type RunOutcome } from '../handler/handler-runner';
import type { RawRecord } from '../kinesis/kinesis-port';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import type { Ownership } from './ownership';
import { insist } from './redrive-world';
import { sleep } from './sleep';

const MAX_MESSAGE = 300;

export interface ReplayWorld {
  readonly dependencies: ActivityDependencies;
  readonly runtime: ConsumerRuntime;
  readonly ownership: Ownership;
  readonly runner: HandlerRunner;
  readonly shard: ShardIdentity;
  readonly request: ReplayRequest;
}

/** Records that run together. */
interface Piece {
  readonly records: readonly RawRecord[];
  /** How often they failed together. */
  readonly failures: number;
  /** Waits before it is tried. */
  readonly isRetry?: boolean;
}

/** A piece that failed: nothing is known of its single records, or, with `isTooLarge`, its effects do not fit one transaction. */
interface WholeFailure {
  readonly error: RecordError;
  readonly isTooLarge?: boolean;
  /** Of a record that can never succeed. */
  readonly rejectedIndex?: number;
}

/**
 * Runs records of a replay through the handler: tries again as the failure policy says, then cuts until the records that fail are alone.
 * Those are counted and listed; nothing is written about them.
 */
export class ReplayRuns {
  private gain: ReplayGain = NO_GAIN;
  private readonly failuresOf = new Map<string, number>();
  private fence: number | undefined;

  constructor(
    private readonly world: ReplayWorld,
    private readonly failuresLeft: () => number,
  ) {}

  /** What the records add. `left`: the slice is to end before all of them were settled, and they are to be run again. */
  async handle(records: readonly RawRecord[]): Promise<ReplayGain | 'left'> {
    this.gain = NO_GAIN;
    this.failuresOf.clear();
    const pieces: Piece[] = [{ records, failures: 0 }];
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      if (piece.records.length === 0) continue;
      if (this.isEnough) break;
      if (this.world.ownership.stop.aborted) return 'left';
      pieces.unshift(...(await this.tryPiece(piece)));
      if (pieces.length > 0 && !(await this.pauseBefore(pieces[0]))) return 'left';
    }
    return this.gain;
  }

  /** A record on which executions have died, alone with it. */
  giveUp(record: RawRecord, error: RecordError, attempts: number): ReplayGain {
    this.gain = NO_GAIN;
    this.fail(record, error, attempts);
    return this.gain;
  }

  /** As many records have failed as the replay stands. */
  private get isEnough(): boolean {
    return this.gain.counts.failed >= this.failuresLeft();
  }

  private get maxAttempts(): number {
    // A dry run looks for what fails, not for what helps.
    return this.world.request.dryRun ? 1 : this.world.runtime.definition.options.onFailure.maxAttempts;
  }

  private async tryPiece(piece: Piece): Promise<Piece[]> {
    const outcome = await this.run(piece);
    if ('error' in outcome) return this.afterWhole(piece, outcome);
    const refused = await this.writeEffects(outcome);
    if (refused) return this.afterWhole(piece, refused);
    return this.afterOutcome(piece, outcome);
  }

  private afterWhole({ records, failures }: Piece, { error, isTooLarge, rejectedIndex }: WholeFailure): Piece[] {
    this.fence = undefined;
    const rejected = rejectedIndex === undefined ? undefined : records[rejectedIndex];
    if (rejected) {
      this.fail(rejected, error, failures + 1);
      return [{ records: records.filter((record) => record !== rejected), failures }];
    }
    const attempts = failures + 1;
    if (!isTooLarge && attempts < this.maxAttempts) return [{ records, failures: attempts, isRetry: true }];
    const [first] = records;
    if (first && records.length === 1) {
      this.fail(first, error, attempts);
      return [];
    }
    const middle = Math.ceil(records.length / 2);
    // Their attempts are used up: each half has one.
    const left = isTooLarge ? failures : this.maxAttempts - 1;
    return [
      { records: records.slice(0, middle), failures: left },
      { records: records.slice(middle), failures: left },
    ];
  }

  private afterOutcome({ records, failures }: Piece, outcome: RunOutcome): Piece[] {
    const { filtered, rejected, failed, unhandled } = outcome;
    for (const one of rejected) this.failAt(records, one, failures + 1);
    const again = new Set(unhandled);
    let most = failures;
    for (const one of failed) {
      const attempts = this.countFailure(records[one.index]);
      if (attempts >= this.maxAttempts) this.failAt(records, one, attempts);
      else again.add(one.index);
      if (attempts < this.maxAttempts) most = Math.max(most, attempts);
    }
    const handled = records.length - rejected.length - again.size;
    const settled = handled - failed.filter(({ index }) => !again.has(index)).length;
    this.add({ records: settled, filtered: filtered.length, failed: 0 });
    if (again.size === 0) return [];
    const isRetry = failed.some(({ index }) => again.has(index));
    return [{ records: records.filter((_, index) => again.has(index)), failures: most, isRetry }];
  }

  /** Failures of a record that the handler has named, this one among them. */
  private countFailure(record: RawRecord | undefined): number {
    const name = record === undefined ? '' : nameOfRecord(record);
    const attempts = (this.failuresOf.get(name) ?? 0) + 1;
    this.failuresOf.set(name, attempts);
    return attempts;
  }

  private failAt(records: readonly RawRecord[], { index, error }: FailedRecord, attempts: number): void {
    const record = records[index];
    if (record) this.fail(record, error, attempts);
  }

  private fail(record: RawRecord, { code, message }: RecordError, attempts: number): void {
    const { shardId } = this.world.shard;
    const failure = {
      shardId,
      sequenceNumber: nameOfRecord(record),
      code,
      message: message.slice(0, MAX_MESSAGE),
      attempts,
    };
    const isListed = this.gain.failures.length < MAX_LISTED_FAILURES;
    const counts = { records: 1, filtered: 0, failed: 1 };
    this.gain = addGain(this.gain, { counts, byCode: { [code]: 1 }, failures: isListed ? [failure] : [] });
  }

  private add(counts: ReplayGain['counts']): void {
    this.gain = addGain(this.gain, { ...NO_GAIN, counts });
  }

  /** False if the slice is to end before the pause is over. */
  private async pauseBefore(piece: Piece | undefined): Promise<boolean> {
    const { ownership, runtime, dependencies } = this.world;
    if (!piece?.isRetry) return true;
    const delayMs = retryDelayMs(runtime.definition.options.onFailure, piece.failures, dependencies.random());
    await sleep(delayMs, ownership.stop).catch(() => undefined);
    return !ownership.stop.aborted;
  }

  private async run({ records, failures }: Piece): Promise<RunOutcome | WholeFailure> {
    const { runner, ownership, shard, request } = this.world;
    const fence = await this.currentFence();
    try {
      return await runner.run({
        shard,
        records,
        millisBehindLatest: 0,
        attempt: failures + 1,
        fence,
        redrive: false,
        replay: request.dryRun ? 'dry' : 'real',
        lost: ownership.lost,
        keepPayloads: true,
      });
    } catch (error) {
      ownership.lost.throwIfAborted();
      if (!(error instanceof BatchFailedError)) throw error;
      const { kind, index = 0 } = error;
      return { error: error.error, ...(kind === 'rejected' ? { rejectedIndex: index } : {}) };
    }
  }

  private async writeEffects({ transact = [] }: RunOutcome): Promise<WholeFailure | undefined> {
    if (transact.length === 0) return undefined;
    const { dependencies, runtime, request } = this.world;
    const id = dependencies.mintToken();
    const refused = request.dryRun
      ? checkTransaction(transact)
      : await insist(this.world, () => runtime.store.writeEffects(transact, id));
    return refused && { error: this.refusal(refused), isTooLarge: refused.code === 'TRANSACTION_TOO_LARGE' };
  }

  private refusal({ code, message, detail }: EffectsRefused): RecordError {
    const isShown = this.world.runtime.definition.options.errorDetail === 'message' && detail !== undefined;
    return { code, message: isShown ? `${message}: ${detail}` : message };
  }

  /** That of the shard's live owner: a sink must take the replay's writes, and must not think the owner old. */
  private async currentFence(): Promise<number> {
    const { request, runtime, shard } = this.world;
    if (request.dryRun) return 0;
    this.fence ??= await insist(this.world, async () => (await runtime.store.read(shard))?.fence ?? 0).catch(
      (error: unknown) => {
        // A consumer that has never run.
        if (codeOf(error) === 'TABLE_NOT_FOUND') return 0;
        throw error;
      },
    );
    return this.fence;
  }
}
