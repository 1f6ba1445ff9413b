import type { EffectsRefused, Effect } from '../checkpoints/checkpoint-store';
import type { TrialMark } from '../core/checkpoint';
import { TidemarkError } from '../core/errors';
import type { Position } from '../core/positions';
import { positionAfter } from '../core/record-name';
import type { Settlement } from '../core/settlement';
import type { ParkedOrder, Progress } from '../core/shard-work';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import { crashPoint } from './crash-point';
import { atOnce, inPieces, LetterWriter, type LetterPiece, type PlacedLetter } from './letter-writer';
import type { Span } from './span';
import { checkTransaction } from '../checkpoints/transaction-limits';

/** What a span's records came to. */
export interface SettledSpan {
  readonly settlement: Pick<Settlement, 'covered' | 'givenUp'>;
  readonly filtered: readonly number[];
  /** Effects that the handler returned: written with the checkpoint, in one transaction. */
  readonly transact: readonly Effect[];
  /** The operator's order by which a record is given up. */
  readonly skip?: ParkedOrder;
}

/** `left`: the slice is to end before everything could be written; what is not covered yet stays. */
export type SpanCommitResult = 'committed' | 'fenced' | 'left' | EffectsRefused;

/** The search for records that fail, as far as commits concern it. */
export interface SearchState {
  /** What the row is to remember of it once the checkpoint stands at this position. */
  markAfter(position: Position, offered: number): TrialMark | undefined;
  /** With what the letters change of it. */
  progressWith(progress: Progress, letters: readonly PlacedLetter[]): Progress;
  onCommitted(letters: readonly PlacedLetter[], offered: number): void;
}

/** Moves the checkpoint over what of a span is settled, with dead letters and effects in the same transactions. */
export class SpanCommit {
  private readonly letters: LetterWriter;

  constructor(
    private readonly world: HoldWorld & { readonly hold: CheckpointHold },
    private readonly search: SearchState,
  ) {
    this.letters = new LetterWriter(world);
  }

  async commit(span: Span, settled: SettledSpan): Promise<SpanCommitResult> {
    const { settlement, transact, skip } = settled;
    if (settlement.covered === 0) return 'committed';
    const letters = this.letters.lettersOf(span, settlement.givenUp, skip);
    const pieces = (transact.length > 0 ? atOnce : inPieces)(letters, settlement.covered);
    let from = 0;
    for (const piece of pieces) {
      if ((await this.letters.prepare(piece)) === 'left') return 'left';
      const outcome = await this.commitPiece(span, from, piece, settled);
      if (outcome !== 'committed') return outcome;
      this.search.onCommitted(piece.letters, span.dueBetween(from, piece.end));
      from = piece.end;
    }
    return 'committed';
  }

  private async commitPiece(
    span: Span,
    from: number,
    { letters, end }: LetterPiece,
    { transact, filtered }: SettledSpan,
  ): Promise<'committed' | 'fenced' | EffectsRefused> {
    const { hold } = this.world;
    const effects = [...letters.map(({ head }) => head), ...transact];
    const problem = transact.length > 0 ? checkTransaction(effects) : undefined;
    const last = span.records[end - 1];
    if (problem || last === undefined) return problem ?? 'committed';
    const position = positionAfter(last);
    const outcome = await hold.commit(position, {
      trial: this.search.markAfter(position, span.dueBetween(from, end)),
      progress: this.search.progressWith(
        span.progressAfter(hold.progress, { from, to: end, filtered, letters: countFinal(letters) }),
        letters,
      ),
      records: end - from,
      effects,
    });
    if (outcome === 'committed') crashPoint('committed');
    if (outcome === 'committed' || outcome === 'fenced' || transact.length > 0) return outcome;
    throw new TidemarkError('INTERNAL', `DynamoDB refused a dead letter: ${outcome.message}`);
  }
}

/** A parked record is not given up yet. */
function countFinal(letters: readonly PlacedLetter[]): number {
  return letters.filter(({ letter }) => letter.status !== 'PARKED').length;
}
