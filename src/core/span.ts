import { trialSize, type FailureStreak } from './failure-policy';
import { compareSequenceNumbers } from './positions';

/** What of a batch is settled together next, and which of its records the handler gets. */
export interface SpanChoice {
  /** How many records from the first on belong to the span. At least one. */
  readonly length: number;
  /** Indexes that are to be handled; the others were handled before. */
  readonly offered: readonly number[];
}

export interface SpanLimits {
  /** The streak that counts at the checkpoint. */
  readonly streak: FailureStreak | undefined;
  /** Most records that may be offered, for effects that must fit one transaction. */
  readonly maxOffered: number;
  /** A record that stands alone: it is known that it can never succeed, so the handler must not get it in company. */
  readonly standsAlone: (sequenceNumber: string) => boolean;
  /** A record that must not be settled together with what is before it. */
  readonly beginsSpan?: (sequenceNumber: string) => boolean;
}

/**
 * The longest beginning of a batch that may be settled together: no further than the range under suspicion, no more of it than the next
 * trial may have, and nothing together with a record that stands alone.
 */
export function chooseSpan(sequenceNumbers: readonly string[], limits: SpanLimits): SpanChoice {
  const { streak, maxOffered, standsAlone, beginsSpan = () => false } = limits;
  const pending = streak?.pending && new Set(streak.pending.map(({ sequenceNumber }) => sequenceNumber));
  const isBehindRange = (sequenceNumber: string): boolean =>
    streak !== undefined && compareSequenceNumbers(sequenceNumber, streak.through) > 0;
  const isOffered = (sequenceNumber: string): boolean =>
    pending === undefined || pending.has(sequenceNumber) || isBehindRange(sequenceNumber);

  const [first] = sequenceNumbers;
  if (first !== undefined && standsAlone(first)) return { length: 1, offered: [0] };
  const isBorder = (name: string): boolean => standsAlone(name) || isBehindRange(name) || beginsSpan(name);
  const end = sequenceNumbers.findIndex((name, index) => index > 0 && isBorder(name));
  const range = end < 0 ? sequenceNumbers : sequenceNumbers.slice(0, end);
  const offered = [...range.keys()].filter((index) => isOffered(sequenceNumbers[index] ?? ''));
  const most = Math.min(maxOffered, streak ? trialSize(streak) : Infinity);
  return { length: offered[most] ?? range.length, offered: offered.slice(0, most) };
}
