import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetterHead } from '../core/dead-letter';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import type { ShardIdentity } from '../core/names';
import { backoffMs, WRITE_BACKOFF } from '../core/pacing';
import { compareSequenceNumbers } from '../core/positions';
import { parseRecordName } from '../core/record-name';
import { isNamed, startIn, type RedriveFilter } from '../core/redrive';
import type { DeadLetterCounts, DeadLetterStore, LetterMark } from '../dead-letters/dead-letter-store';

const PAGE_LETTERS = 100;
const MARKS_AT_A_TIME = 8;
/** About half a minute of an outage is borne. */
const MAX_TRIES = 10;

/** Who decides, and why: letters and Temporal's history keep it. */
export interface LetterDecision {
  readonly by: string;
  readonly reason?: string;
}

export interface DiscardedLetters {
  readonly discarded: number;
  /** Changed by somebody else meanwhile, and left as they are. */
  readonly changed: number;
}

/** The open letters of a shard that a filter asks for, page by page. */
export async function* lettersIn(
  store: DeadLetterStore,
  shard: ShardIdentity,
  filter: RedriveFilter,
): AsyncGenerator<readonly DeadLetterHead[]> {
  const { sequenceNumber, code, fromMs, toMs } = filter;
  let after = startIn(shard.shardId, undefined, filter);
  do {
    const page = await store.list(shard, { status: 'OPEN', code, fromMs, toMs, after, limit: PAGE_LETTERS });
    const wanted = page.letters.filter((letter) => isNamed(letter, sequenceNumber));
    if (wanted.length > 0) yield wanted;
    const last = page.letters.at(-1);
    after = last !== undefined && isBehind(last, sequenceNumber) ? undefined : page.after;
  } while (after !== undefined);
}

/** Whether a letter is of another record than the one that is asked for, which it follows. An aggregate may have more letters than a page. */
function isBehind(letter: DeadLetterHead, name: string | undefined): boolean {
  const wanted = name === undefined ? undefined : parseRecordName(name);
  return wanted !== undefined && compareSequenceNumbers(letter.sequenceNumber, wanted.sequenceNumber) > 0;
}

export async function discardIn(
  store: DeadLetterStore,
  letters: readonly DeadLetterHead[],
  { by, reason }: LetterDecision,
): Promise<DiscardedLetters> {
  const why = reason === undefined ? {} : { reason };
  const answers = await mapConcurrently(letters, MARKS_AT_A_TIME, (letter) => {
    const change = { id: randomUUID(), status: 'DISCARDED', decidedBy: by, atMs: Date.now(), ...why } as const;
    return markUntilDecided(store, { letter, change });
  });
  const discarded = answers.filter((kind) => kind === 'marked').length;
  return { discarded, changed: answers.length - discarded };
}

async function markUntilDecided(store: DeadLetterStore, mark: LetterMark): Promise<'marked' | 'conflict'> {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await store.mark(mark)).kind;
    } catch (error) {
      if (!(error instanceof TidemarkError) || !error.retryable || tries === MAX_TRIES) throw error;
      await sleep(backoffMs(WRITE_BACKOFF, tries, Math.random()));
    }
  }
}

export function addCounts(counts: readonly DeadLetterCounts[]): DeadLetterCounts {
  return {
    total: counts.reduce((sum, { total }) => sum + total, 0),
    byStatus: addUp(counts.map(({ byStatus }) => byStatus)),
    byCode: addUp(counts.map(({ byCode }) => byCode)),
  };
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
