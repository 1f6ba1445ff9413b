import { trialSize, type FailureStreak } from './failure-policy';
import { compareRecordNames, nameOfRecord, parseRecordName, RecordNames, type RecordPlace } from './record-name';

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
  readonly standsAlone: (name: string) => boolean;
  /** A record that must not be settled together with what is before it. */
  readonly beginsSpan?: (name: string) => boolean;
}

/**
 * The longest beginning of a batch, given by the names of its records, that may be settled together: no further than the range under suspicion, no more of it than the next
 * trial may have, and nothing together with a record that stands alone.
 */
export function chooseSpan(names: readonly string[], limits: SpanLimits): SpanChoice {
  const { streak, maxOffered, standsAlone, beginsSpan = () => false } = limits;
  const pending = streak?.pending && new RecordNames(streak.pending.map(({ sequenceNumber }) => sequenceNumber));
  const isBehindRange = (name: string): boolean => streak !== undefined && compareRecordNames(name, streak.through) > 0;
  const isOffered = (name: string): boolean => pending === undefined || pending.has(name) || isBehindRange(name);

  const [first] = names;
  if (first !== undefined && standsAlone(first)) return { length: 1, offered: [0] };
  const isBorder = (name: string): boolean => standsAlone(name) || isBehindRange(name) || beginsSpan(name);
  const end = names.findIndex((name, index) => index > 0 && isBorder(name));
  const range = end < 0 ? names : names.slice(0, end);
  const offered = [...range.keys()].filter((index) => isOffered(names[index] ?? ''));
  const most = Math.min(maxOffered, streak ? trialSize(streak) : Infinity);
  return { length: offered[most] ?? range.length, offered: offered.slice(0, most) };
}

/**
 * Whether a streak has something to say of a record that comes first at its position. Not so behind its range, where retention has taken
 * what failed; nor of a user record in what was given up as a whole, before aggregates were opened.
 */
export function concerns({ through, phase }: FailureStreak, first: RecordPlace): boolean {
  if (compareRecordNames(nameOfRecord(first), through) > 0) return false;
  const last = parseRecordName(through);
  const wasWhole = last?.sequenceNumber === first.sequenceNumber && last.subSequenceNumber === undefined;
  return phase !== 'final' || !wasWhole || first.subSequenceNumber === undefined;
}
