import { checkSums, type SumsReport } from '../common/check-sums';
import type { LetterFacts } from '../common/letters';
import type { ClaimedLine, CommittedLine, FencedLine, Line } from '../common/lines';
import type { Amounts } from '../common/sink';
import { Violations, type ViolationList } from '../common/violations';

/**
 * - `EFFECTS`: every good record has had its effect once.
 * - `LETTERS`: every record that cannot be handled has one dead letter, with one failure in it, and no other record has one.
 * - `FENCED`: no write of the checkpoint was refused unless another execution had written meanwhile.
 * - `STUCK`: no shard stood still for longer than its failures explain.
 * - `LEAKS`: no record data in histories, status, dead letters' errors and logs.
 * - `DATA`: the run itself is broken: it proves nothing.
 */
export type LostReplyInvariant = 'EFFECTS' | 'LETTERS' | 'FENCED' | 'STUCK' | 'LEAKS' | 'DATA';

export interface LostReplyEvidence {
  /** Of the good records. */
  readonly expected: Amounts;
  readonly found: Amounts;
  /** Sequence numbers of the records that cannot be handled. */
  readonly poisons: ReadonlySet<string>;
  readonly letters: readonly LetterFacts[];
  readonly leaks: readonly string[];
  readonly lines: readonly Line[];
  /** Replies that were dropped, by operation. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Longest time that a shard may stand still while it has records. */
  readonly maxStandstillMs: number;
}

export interface LostReplyReport extends ViolationList<LostReplyInvariant>, SumsReport {
  readonly poisons: number;
  readonly letters: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly commits: number;
  readonly fenced: number;
  readonly falseFences: number;
  readonly longestStandstillMs: number;
  readonly leaks: number;
}

/** Judges a run with lost replies. Pure. */
export function judgeLostReplies(evidence: LostReplyEvidence): LostReplyReport {
  const { expected, found, poisons, letters, leaks, lines, dropped } = evidence;
  const violations = new Violations<LostReplyInvariant>();
  const sums = checkSums({ sink: 'transact', expected, found }, violations);
  checkLetters(evidence, violations);
  checkFences(lines, violations);
  const longestStandstillMs = checkStandstill(evidence, violations);
  for (const where of leaks)
    violations.add({ invariant: 'LEAKS', ids: [where], message: `record data was found in ${where}` });
  const droppedInAll = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  if (droppedInAll === 0) violations.add({ invariant: 'DATA', ids: [], message: 'no reply was dropped' });
  return {
    ...violations.list(),
    ...sums,
    poisons: poisons.size,
    letters: letters.length,
    dropped,
    commits: lines.filter(({ kind }) => kind === 'committed').length,
    fenced: lines.filter(({ kind }) => kind === 'fenced').length,
    falseFences: violations.count('FENCED'),
    longestStandstillMs,
    leaks: violations.count('LEAKS'),
  };
}

function checkLetters({ poisons, letters }: LostReplyEvidence, violations: Violations<LostReplyInvariant>): void {
  const add = (sequenceNumber: string, problem: string): void => {
    const message = `record ${sequenceNumber} ${problem}`;
    violations.add({ invariant: 'LETTERS', ids: [sequenceNumber, problem], message });
  };
  const counts = new Map<string, number>();
  for (const { sequenceNumber, failures } of letters) {
    counts.set(sequenceNumber, (counts.get(sequenceNumber) ?? 0) + 1);
    if (!poisons.has(sequenceNumber)) add(sequenceNumber, 'can be handled, but has a dead letter');
    if (failures !== 1) add(sequenceNumber, `has a dead letter with ${failures} failures`);
  }
  for (const sequenceNumber of poisons) {
    const count = counts.get(sequenceNumber) ?? 0;
    if (count !== 1) add(sequenceNumber, `has ${count} dead letters`);
  }
}

type Write = (ClaimedLine | CommittedLine) & { readonly t: number };
type Fence = FencedLine & { readonly t: number };

/** FENCED: a refusal is right only if another execution's write took effect since the refused one's last write. */
function checkFences(lines: readonly Line[], violations: Violations<LostReplyInvariant>): void {
  const writes = lines.filter((line): line is Line & Write => line.kind === 'claimed' || line.kind === 'committed');
  for (const line of lines) {
    if (line.kind !== 'fenced' || isExplained(line, writes)) continue;
    const message = `${line.slice} was refused on ${line.shard}, although nobody else had written`;
    violations.add({ invariant: 'FENCED', shardId: line.shard, ids: [line.slice], message });
  }
}

/** The other one may have heard of its own write later: its replies are dropped too. */
function isExplained({ shard, slice, t }: Fence, writes: readonly Write[]): boolean {
  const ofShard = writes.filter((write) => write.shard === shard);
  const last = Math.max(0, ...ofShard.filter((write) => write.slice === slice && write.t < t).map((write) => write.t));
  return ofShard.some((write) => write.slice !== slice && write.sent < t && write.t > last);
}

/** STUCK: the time between two commits of a shard until its last one. */
function checkStandstill(
  { lines, maxStandstillMs }: LostReplyEvidence,
  violations: Violations<LostReplyInvariant>,
): number {
  const last = new Map<string, number>();
  let longest = 0;
  for (const line of lines) {
    if (line.kind !== 'committed' || line.from === line.to) continue;
    const ms = (line.t - (last.get(line.shard) ?? line.t)) / 1_000;
    last.set(line.shard, line.t);
    longest = Math.max(longest, ms);
    if (ms <= maxStandstillMs) continue;
    const message = `${line.shard} stood still for ${(ms / 1_000).toFixed(1)} s before ${line.to}`;
    violations.add({ invariant: 'STUCK', shardId: line.shard, ids: [String(line.to)], message });
  }
  return longest;
}
