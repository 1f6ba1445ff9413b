import type { EffectsRefused } from '../checkpoints/checkpoint-store';
import type { DeadLetter, DeadLetterHead } from '../core/dead-letter';
import { codeOf } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import type { RecordError } from '../core/outcome';
import { judgeLetter, type LetterVerdict, type RedriveCounts, type RedriveRequest } from '../core/redrive';
import { nameOfRecord } from '../core/record-name';
import type { LetterMark } from '../dead-letters/dead-letter-store';
import { partitionKeyDigest } from '../dead-letters/partition-key-digest';
import { BatchFailedError, type RunOutcome } from '../handler/handler-runner';
import type { RawRecord } from '../kinesis/kinesis-port';
import { insist, type RedriveWorld } from './redrive-world';

const READS_AT_A_TIME = 5;

type Added = { -readonly [K in Exclude<keyof RedriveCounts, 'total'>]: number };

/** Runs letters through the handler of today, and marks what becomes of them. Keeps the order of each partition key. */
export class LetterRuns {
  private readonly held: Set<string>;
  private added: Added = nothing();

  constructor(
    private readonly world: RedriveWorld,
    private readonly request: RedriveRequest,
    heldKeys: readonly string[],
  ) {
    this.held = new Set(heldKeys);
  }

  /** What a letter stays that fails again. */
  private get failedStatus(): 'OPEN' | 'PARKED' {
    return this.request.status ?? 'OPEN';
  }

  /** Digests of the partition keys that have failed. */
  get heldKeys(): readonly string[] {
    return [...this.held];
  }

  /** Consecutive letters of one shard. Returns what they add to the counts; `left` if the slice is to end before they were tried. */
  async handle(heads: readonly DeadLetterHead[]): Promise<Added | 'left'> {
    this.added = nothing();
    const wanted: DeadLetterHead[] = [];
    for (const head of heads) {
      const verdict = this.judge(head);
      if (verdict === 'passed') this.added.redriven += 1;
      if (verdict === 'failedBefore') this.noteFailed(head);
      if (verdict === 'died') await this.mark([this.failing(head, DIED)]);
      if (verdict === 'try') wanted.push(head);
    }
    const letters = await this.read(wanted.filter((head) => !this.holdBack(head)));
    const isDone = this.world.isCareful ? await this.tryAlone(letters) : await this.tryLetters(letters);
    return isDone === 'left' ? 'left' : this.added;
  }

  /** An execution that has told its error did not die of the letter that it left marked. */
  private judge(head: DeadLetterHead): LetterVerdict {
    const verdict = judgeLetter(head, this.request);
    return verdict === 'died' && this.world.ownership.endedBefore?.letter === nameOfMark(head) ? 'try' : verdict;
  }

  /** The mark comes first: an execution that dies now leaves it behind. */
  private async tryAlone(letters: readonly DeadLetter[]): Promise<void | 'left'> {
    const { dependencies, ownership, runtime } = this.world;
    for (const letter of letters) {
      const outcome = await dependencies.trialLane.run(
        async () => {
          const mark = { letter, change: { ...this.decision(), status: this.failedStatus } };
          ownership.markedLetter = nameOfMark({ ...letter, version: letter.version + 1 });
          const answer = await insist(this.world, () => runtime.letters.mark(mark));
          if (answer.kind === 'conflict') this.added.skipped += 1;
          else await this.tryLetters([{ ...answer.letter, data: letter.data }]);
          ownership.markedLetter = undefined;
        },
        { deaths: 0, stop: ownership.stop },
      );
      if (outcome === 'left') return 'left';
    }
  }

  /** With payloads. What cannot be read fails; what has changed meanwhile is passed over. */
  private async read(heads: readonly DeadLetterHead[]): Promise<DeadLetter[]> {
    const found = await mapConcurrently(heads, READS_AT_A_TIME, async (head) => {
      try {
        const letter = await insist(this.world, () => this.world.runtime.letters.get(head));
        return { head, letter: letter?.version === head.version ? letter : undefined };
      } catch (error) {
        const code = codeOf(error);
        if (code !== 'CHECKPOINT_DAMAGED') throw error;
        return { head, error: { code, message: (error as Error).message } };
      }
    });
    const readable: DeadLetter[] = [];
    for (const { head, letter, error } of found) {
      if (error !== undefined) await this.mark([this.failing(head, error)]);
      else if (letter === undefined) this.added.skipped += 1;
      else if (!this.holdBack(letter)) readable.push(letter);
    }
    return readable;
  }

  private async tryLetters(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const outcome = await this.run(letters);
    if ('code' in outcome) return this.wholeFailed(letters, outcome);
    const { handled, failed, unhandled } = this.sortOut(letters, outcome);
    const { transact = [] } = outcome;
    if (transact.length === 0) await this.mark([...handled, ...failed]);
    else if (!(await this.markWith(transact, letters, [...handled, ...failed]))) return;
    // One that was not tried stands behind a failure, so that this ends.
    if (handled.length + failed.length > 0) await this.tryLetters(unhandled.filter((letter) => !this.holdBack(letter)));
    else await this.wholeFailed(letters, NOTHING_TRIED);
  }

  /** Nothing is known of single letters: each is tried by itself. */
  private async wholeFailed(letters: readonly DeadLetter[], error: RecordError): Promise<void> {
    const [only] = letters;
    if (only !== undefined && letters.length === 1) return this.mark([this.failing(only, error)]);
    for (const letter of letters) if (!this.holdBack(letter)) await this.tryLetters([letter]);
  }

  /**
   * Effects and marks in one transaction: exactly once, however often this is repeated. The effects speak for what the handler was given:
   * a letter that it did not get has no mark here, or one that says why it has failed. False if nothing was written.
   */
  private async markWith(
    effects: NonNullable<RunOutcome['transact']>,
    letters: readonly DeadLetter[],
    marks: readonly LetterMark[],
  ): Promise<boolean> {
    const answer = await insist(this.world, () => this.world.runtime.letters.markAll(marks, effects));
    if (answer.kind === 'marked') for (const mark of marks) this.noteMark(mark, true);
    else if (answer.kind === 'effectsRefused') await this.wholeFailed(letters, this.refusal(answer));
    else if (letters.length > 1) await this.wholeFailed(letters, CHANGED);
    else this.added.skipped += 1;
    return answer.kind === 'marked';
  }

  private sortOut(
    letters: readonly DeadLetter[],
    { filtered, rejected, failed, unhandled }: RunOutcome,
  ): { handled: LetterMark[]; failed: LetterMark[]; unhandled: DeadLetter[] } {
    const errors = new Map([...rejected, ...failed].map(({ index, error }) => [index, error]));
    const sorted = { handled: [] as LetterMark[], failed: [] as LetterMark[], unhandled: [] as DeadLetter[] };
    for (const [index, letter] of letters.entries()) {
      const error = errors.get(index);
      if (error !== undefined) sorted.failed.push(this.failing(letter, error));
      else if (unhandled.includes(index)) sorted.unhandled.push(letter);
      else sorted.handled.push(this.handled(letter, filtered.includes(index)));
    }
    return sorted;
  }

  private async run(letters: readonly DeadLetter[]): Promise<RunOutcome | RecordError> {
    const { runner, ownership } = this.world;
    const [{ shard } = { shard: undefined }] = letters;
    if (shard === undefined) throw new Error('A run of no letters');
    try {
      return await runner.run({
        shard,
        records: letters.map(rawRecordOf),
        millisBehindLatest: 0,
        attempt: 1 + Math.max(...letters.map(({ errors }) => errors.length)),
        fence: await this.world.fenceOf(shard),
        redrive: true,
        lost: ownership.lost,
        keepPayloads: true,
      });
    } catch (error) {
      ownership.lost.throwIfAborted();
      if (!(error instanceof BatchFailedError)) throw error;
      return error.error;
    }
  }

  /** All at once, or, where one of them was changed meanwhile, one after the other. */
  private async mark(marks: readonly LetterMark[]): Promise<void> {
    const { letters } = this.world.runtime;
    const isTogether =
      marks.length > 1 && (await insist(this.world, () => letters.markAll(marks, []))).kind === 'marked';
    for (const mark of marks)
      this.noteMark(mark, isTogether || (await insist(this.world, () => letters.mark(mark))).kind === 'marked');
  }

  private noteMark({ letter, change }: LetterMark, isMarked: boolean): void {
    const hasFailed = change.status === this.failedStatus;
    // Held also where somebody has changed it: it did fail.
    if (hasFailed) this.held.add(partitionKeyDigest(letter.partitionKey));
    this.added[isMarked ? (hasFailed ? 'failed' : 'redriven') : 'skipped'] += 1;
  }

  private handled(letter: DeadLetterHead, isFiltered: boolean): LetterMark {
    const reason = isFiltered ? 'filtered' : this.request.reason;
    return { letter, change: { ...this.decision(), status: 'REDRIVEN', ...(reason === undefined ? {} : { reason }) } };
  }

  private failing(letter: DeadLetterHead, { code, message }: RecordError): LetterMark {
    const decision = this.decision();
    const { reason } = this.request;
    const addError = { code, message, attempts: 1, atMs: decision.atMs, ...this.world.origin };
    const change = { ...decision, status: this.failedStatus, addError, ...(reason === undefined ? {} : { reason }) };
    return { letter, change };
  }

  private decision(): { id: string; redriveId: string; decidedBy: string; atMs: number } {
    const { dependencies } = this.world;
    const { id: redriveId, by } = this.request;
    return { id: dependencies.mintToken(), redriveId, decidedBy: by, atMs: dependencies.now() };
  }

  private refusal({ code, message, detail }: EffectsRefused): RecordError {
    const isShown = this.world.runtime.definition.options.errorDetail === 'message' && detail !== undefined;
    return { code, message: isShown ? `${message}: ${detail}` : message };
  }

  /** True if an earlier letter of its partition key has failed: then it is counted as held. */
  private holdBack(letter: DeadLetterHead): boolean {
    const isHeld = this.held.has(partitionKeyDigest(letter.partitionKey));
    if (isHeld) this.added.held += 1;
    return isHeld;
  }

  private noteFailed(letter: DeadLetterHead): void {
    this.held.add(partitionKeyDigest(letter.partitionKey));
    this.added.failed += 1;
  }
}

const NOTHING_TRIED: RecordError = { code: 'INVALID_RESULT', message: 'The handler has tried none of the records' };
const DIED: RecordError = {
  code: 'HANDLER_DIED',
  message: 'The process ended twice while the handler had the letter, the second time alone',
};
const CHANGED: RecordError = { code: 'INTERNAL', message: 'A letter was changed meanwhile' };

/** A letter with what was written on it last. */
function nameOfMark({ shard, version, ...letter }: DeadLetterHead): string {
  return `${shard.shardId} ${nameOfRecord(letter)} ${version}`;
}

function rawRecordOf(letter: DeadLetter): RawRecord {
  const { sequenceNumber, subSequenceNumber, partitionKey, explicitHashKey, arrivalMs, data } = letter;
  return {
    sequenceNumber,
    partitionKey,
    arrivalMs,
    data,
    ...(subSequenceNumber === undefined ? {} : { subSequenceNumber }),
    ...(explicitHashKey === undefined ? {} : { explicitHashKey }),
  };
}

function nothing(): Added {
  return { redriven: 0, failed: 0, held: 0, skipped: 0 };
}
