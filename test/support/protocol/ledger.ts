import type { CheckpointRow } from '../../../src/core/checkpoint';
import { compareCheckpoints } from '../../../src/core/commit-protocol';
import { describePosition, TRIM_HORIZON, type Position } from '../../../src/core/positions';
import { covers } from './fixture';
import type { WriteKind } from './protocol';

export type Invariant =
  | 'I2'
  | 'I6'
  | 'exactlyOnce'
  | 'I7'
  | 'onlyClaimsCreate'
  | 'movedOnce'
  | 'noRepeatOfCommitted'
  | 'bound'
  | 'liveness'
  | 'neverFenced'
  | 'harness';

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

export interface ObservedWrite {
  readonly kind: WriteKind;
  /** A commit of an idle shard: it is meant to leave the position where it is. */
  readonly isTouch: boolean;
  readonly by: string;
  /** Token of the row that the writer believes in. */
  readonly believedToken: string | undefined;
  readonly before: CheckpointRow | undefined;
  readonly after: CheckpointRow;
}

/** Sees every executed write and every handled record, and checks the invariants at each. */
export class Ledger {
  readonly violations: Violation[] = [];
  readonly log: string[] = [];
  /** Grows whenever the adversary itself changes the row: what was unique before may happen again. */
  epoch = 0;
  fences = 0;
  /** Epoch in which the end of the shard was committed last. */
  endedInEpoch: number | undefined;
  private readonly handledIn = new Map<string, number[]>();
  private readonly generationBase = new Map<number, Position>([[0, TRIM_HORIZON]]);
  /** Kinds of effects by generation and record, in the order they were applied. */
  private readonly effects = new Map<string, string[]>();
  private readonly seen = new Set<string>();
  private readonly writtenTokens = new Set<string>();

  constructor(private readonly records: readonly string[]) {}

  handled(sequenceNumber: string, generation: number, by: string): void {
    this.handledIn.set(sequenceNumber, [...this.handlings(sequenceNumber), generation]);
    this.log.push(`${by} handles ${sequenceNumber}`);
  }

  /** Each record has its effect or its dead letter once, unless the adversary has taken the row back behind it. */
  applied(key: string, kind: string): void {
    this.effects.set(key, [...(this.effects.get(key) ?? []), kind]);
    this.log.push(`${kind} of ${key}`);
    this.once(`${this.epoch} effect ${key}`, `the ${kind} of ${key} was applied twice`, 'exactlyOnce');
  }

  isSetAside(sequenceNumber: string): boolean {
    return [...this.effects].some(([key, kinds]) => key.endsWith(`/${sequenceNumber}`) && kinds.includes('letter'));
  }

  handlings(sequenceNumber: string): number[] {
    return this.handledIn.get(sequenceNumber) ?? [];
  }

  wrote(write: ObservedWrite): void {
    const { kind, by, before, after, believedToken } = write;
    this.log.push(`${by} ${kind}s ${describeRow(after)} on ${describeRow(before)}`);
    this.writtenTokens.add(after.token);
    if (kind === 'move') this.checkMove(write);
    this.checkHandled(after, by);
    if (after.position.at === 'SHARD_END') this.endedInEpoch = this.epoch;
    if (before && compareCheckpoints(after, before) < 0)
      this.violate('I6', `${by} moved ${describeRow(before)} back to ${describeRow(after)}`);
    if (kind === 'commit' && !before) this.violate('onlyClaimsCreate', `${by} created the row by a commit`);
    if (kind === 'commit') this.checkSingleCommitter(write);
    if (believedToken !== undefined)
      this.once(`${this.epoch} previous ${believedToken}`, `two writes succeeded on the token ${believedToken}`);
  }

  /** An execution says that it has committed with this token. */
  believesCommitted(token: string, by: string): void {
    if (!this.writtenTokens.has(token)) this.violate('I7', `${by} believes in a commit that was never written`);
  }

  changedByAdversary(row: CheckpointRow | undefined, what: string): void {
    this.epoch += 1;
    this.log.push(`${what}: ${describeRow(row)}`);
  }

  startGeneration(generation: number, target: Position): void {
    this.generationBase.set(generation, target);
  }

  violate(invariant: Invariant, what: string): void {
    this.violations.push({ invariant, what });
    this.log.push(`VIOLATION ${invariant}: ${what}`);
  }

  /** I2, in each generation by itself: what was handled before a move back does not count after it. */
  private checkHandled({ position, generation }: CheckpointRow, by: string): void {
    const base = this.generationBase.get(generation) ?? TRIM_HORIZON;
    for (const record of this.records) {
      const isDue = covers(position, record) && !covers(base, record);
      const kinds = this.effects.get(`${generation}/${record}`);
      if (isDue && this.effects.size > 0 && kinds === undefined)
        this.violate('exactlyOnce', `${by} covers ${record}, whose effect of generation ${generation} is missing`);
      if (isDue && !kinds?.includes('letter') && !this.handlings(record).includes(generation))
        this.violate('I2', `${by} covers ${record}, which generation ${generation} has not handled`);
    }
  }

  /** A move is made once, never where there is no row, and begins a generation of its own. */
  private checkMove({ by, before, after }: ObservedWrite): void {
    if (!before) this.violate('onlyClaimsCreate', `${by} created the row by a move`);
    this.once(`${this.epoch} move ${after.rewindId}`, `${by} made the move ${after.rewindId} again`, 'movedOnce');
    this.once(
      `${this.epoch} generation ${after.generation}`,
      `two moves have generation ${after.generation}`,
      'movedOnce',
    );
    this.startGeneration(after.generation, after.position);
  }

  private checkSingleCommitter({ by, isTouch, after }: ObservedWrite): void {
    const { token, generation, position } = after;
    this.once(`${this.epoch} token ${token}`, `${by}'s commit succeeded twice`);
    if (isTouch) return;
    const place = `${generation} ${describePosition(position)}`;
    this.once(`${this.epoch} position ${place}`, `two commits of ${place} succeeded, the second by ${by}`);
  }

  private once(key: string, what: string, invariant: Invariant = 'I7'): void {
    if (this.seen.has(key)) this.violate(invariant, what);
    this.seen.add(key);
  }
}

function describeRow(row: CheckpointRow | undefined): string {
  if (!row) return 'no row';
  return `[${describePosition(row.position)}, generation ${row.generation}, revision ${row.revision}, token ${row.token}]`;
}
