import { MAX_EFFECTS, type Effect } from '../checkpoints/checkpoint-store';
import type { DeadLetter } from '../core/dead-letter';
import { TidemarkError } from '../core/errors';
import { nameOfRecord, type RecordPlace } from '../core/record-name';
import type { GivenUp } from '../core/settlement';
import type { ParkedOrder } from '../core/shard-work';
import { describeHandlerError } from '../handler/describe-error';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import type { Span } from './span';
import { effectBytes } from '../checkpoints/transaction-limits';

/** A dead letter and where its record stands in the span. */
export interface PlacedLetter {
  readonly index: number;
  readonly letter: DeadLetter;
  readonly head: Effect;
}

/** Letters that are written with one commit, which covers the span up to `end`. */
export interface LetterPiece {
  readonly letters: readonly PlacedLetter[];
  readonly end: number;
}

/** Letters of one transaction may have so many bytes: DynamoDB's limit is 4 MB, the checkpoint's among them. */
const MAX_PIECE_BYTES = 3_500_000;

/** Makes dead letters of records that are given up, and does what must be done before the checkpoint passes them. */
export class LetterWriter {
  constructor(private readonly world: HoldWorld & { readonly hold: CheckpointHold }) {}

  lettersOf(span: Span, givenUp: readonly GivenUp[], skip: ParkedOrder | undefined): PlacedLetter[] {
    return givenUp.flatMap((given) => {
      const record = span.records[given.index];
      if (record === undefined) return [];
      const letter = this.letterOf(record, given, skip);
      return [{ index: given.index, letter, head: this.world.runtime.letters.headItem(letter) }];
    });
  }

  /** Payloads that do not fit their letters, and the user's hook. Repeats until both succeed; `left` if the slice is to end first. */
  async prepare({ letters }: LetterPiece): Promise<'ready' | 'left'> {
    const { hold, ownership, runtime } = this.world;
    try {
      for (const { letter } of letters) {
        await hold.untilDone(() => runtime.letters.putParts(letter));
        // A parked record is not given up.
        if (letter.status !== 'PARKED') await hold.untilDone(() => this.tellHook(letter));
      }
      return 'ready';
    } catch (error) {
      ownership.lost.throwIfAborted();
      if (ownership.stop.aborted) return 'left';
      throw error;
    }
  }

  private async tellHook(letter: DeadLetter): Promise<void> {
    const { onDeadLetter, options } = this.world.runtime.definition;
    try {
      await onDeadLetter?.(letter);
    } catch (error) {
      const what = `onDeadLetter failed: ${describeHandlerError(error, options.errorDetail)}`;
      throw new TidemarkError('DEAD_LETTER_FAILED', what, { context: { sequenceNumber: nameOfRecord(letter) } });
    }
  }

  private letterOf(
    record: Span['records'][number],
    { error, condition, attempts }: GivenUp,
    skip: ParkedOrder | undefined,
  ): DeadLetter {
    const { hold, runtime } = this.world;
    const { deadLetterTtlMs, onFailure } = runtime.definition.options;
    const status = skip ? 'DISCARDED' : onFailure.then === 'park' ? 'PARKED' : 'OPEN';
    const nowMs = hold.now;
    const { workflowId, writer } = hold;
    return {
      shard: hold.shard,
      ...placeOfRecord(record),
      partitionKey: record.partitionKey,
      ...(record.explicitHashKey === undefined ? {} : { explicitHashKey: record.explicitHashKey }),
      arrivalMs: record.arrivalMs,
      bytes: record.data.byteLength,
      // Whoever is told of it may keep it, and the page is read into again.
      data: Buffer.from(record.data),
      condition: skip ? 'SkippedByOperator' : condition,
      status,
      errors: [{ ...error, attempts, atMs: nowMs, workflowId, runId: writer.runId }],
      writtenAtMs: nowMs,
      // A parked record is not given up: it must not expire.
      ...(deadLetterTtlMs === undefined || status === 'PARKED' ? {} : { expiresAtMs: nowMs + deadLetterTtlMs }),
      ...(skip ? { decidedBy: skip.by, decidedAtMs: nowMs, ...(skip.reason ? { reason: skip.reason } : {}) } : {}),
      version: 1,
    };
  }
}

function placeOfRecord({ sequenceNumber, subSequenceNumber }: RecordPlace): RecordPlace {
  return subSequenceNumber === undefined ? { sequenceNumber } : { sequenceNumber, subSequenceNumber };
}

/** All in one commit. */
export function atOnce(letters: readonly PlacedLetter[], end: number): LetterPiece[] {
  return [{ letters, end }];
}

/** As few commits as the limits of a transaction allow; each ends before the first letter of the next. */
export function inPieces(letters: readonly PlacedLetter[], end: number): LetterPiece[] {
  const pieces: LetterPiece[] = [];
  let current: PlacedLetter[] = [];
  let bytes = 0;
  for (const letter of letters) {
    const size = effectBytes(letter.head);
    if (current.length === MAX_EFFECTS || (current.length > 0 && bytes + size > MAX_PIECE_BYTES)) {
      pieces.push({ letters: current, end: letter.index });
      current = [];
      bytes = 0;
    }
    current.push(letter);
    bytes += size;
  }
  return [...pieces, { letters: current, end }];
}
