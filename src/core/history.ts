/** The history of a checkpoint: what was committed, moved, paused and taken over, and whether that is all: pure. */
import type { MoveKind } from './control';
import { comparePositions, describePosition, type Position } from './positions';
import type { ShardEvent } from './shard-work';

/** One entry: what one execution did. Times are epoch milliseconds. */
export interface HistoryEntry {
  /** Names the entry within its shard. */
  readonly id: string;
  readonly atMs: number;
  /** `read`: committed from one position to the other. `move`: put from one to the other by an operator. */
  readonly kind: 'read' | 'move';
  readonly from: Position;
  readonly to: Position;
  readonly generation: number;
  /** Counts of this entry alone. */
  readonly records: number;
  readonly batches: number;
  readonly filtered?: number;
  readonly deadLettered?: number;
  /** All records of the shard so far. */
  readonly totalRecords: number;
  /** Arrival of the last committed record. */
  readonly lastArrivalMs?: number;
  readonly worker: string;
  readonly runId: string;
  readonly attempt: number;
  /** What happened meanwhile, oldest first. */
  readonly events: readonly ShardEvent[];
  readonly move?: { readonly how: MoveKind; readonly by: string; readonly reason?: string };
}

/** Something in the history that is not plain progress. */
export interface AuditFinding {
  /**
   * `gap`: between the positions nothing is recorded. `skipped`: an operator left them out. `lost`: retention took records. `rewound`: an
   * operator went back, so that records were handled again.
   */
  readonly kind: 'gap' | 'skipped' | 'lost' | 'rewound';
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly cause: string;
}

export interface Audit {
  /** True if every position from the first entry to the last is accounted for by commits and operators' moves. */
  readonly isCovered: boolean;
  readonly entries: number;
  readonly records: number;
  readonly from?: Position;
  readonly through?: Position;
  readonly sinceMs?: number;
  readonly findings: readonly AuditFinding[];
}

/**
 * Follows the history from its first entry, oldest first, to where the checkpoint stands. An entry that begins before the last one ended
 * repeats something (its execution was lost before it could report), which is no gap.
 */
export function auditHistory(entries: readonly HistoryEntry[], current?: Place): Audit {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined)
    return { isCovered: current === undefined, entries: 0, records: 0, findings: [] };
  const findings: AuditFinding[] = [];
  let through: Place = { position: first.from, generation: first.generation };
  for (const entry of entries) {
    findings.push(...lossesOf(entry), ...findingsOf(entry, through));
    through = placeAfter(entry, through);
  }
  if (current && isBeyond(current, through))
    findings.push(gap(last.atMs, through.position, current.position, UNDER_WAY));
  const records = entries.reduce((sum, entry) => sum + entry.records, 0);
  const isCovered = !findings.some(({ kind, cause }) => kind === 'lost' || (kind === 'gap' && cause !== UNDER_WAY));
  const range = { from: first.from, through: through.position, sinceMs: first.atMs };
  return { isCovered, entries: entries.length, records, ...range, findings };
}

interface Place {
  readonly position: Position;
  readonly generation: number;
}

function findingsOf(entry: HistoryEntry, { position, generation }: Place): AuditFinding[] {
  // What a zombie committed before a move does not count after it.
  if (entry.generation < generation) return [];
  if (entry.kind === 'move') return [moveFinding(entry)];
  const isGap = entry.generation === generation && comparePositions(entry.from, position) > 0;
  return isGap ? [gap(entry.atMs, position, entry.from, NOT_RECORDED)] : [];
}

function placeAfter({ kind, to, generation }: HistoryEntry, before: Place): Place {
  if (generation < before.generation) return before;
  const isMoved = kind === 'move' || generation > before.generation;
  const position = isMoved || comparePositions(to, before.position) > 0 ? to : before.position;
  return { position, generation };
}

const NOT_RECORDED = 'nothing is recorded: the entry was not written, or it has expired';
const UNDER_WAY = 'not recorded yet: the slice under way, or one that was lost with its worker';

function isBeyond(a: Place, b: Place): boolean {
  return a.generation > b.generation || (a.generation === b.generation && comparePositions(a.position, b.position) > 0);
}

function gap(atMs: number, from: Position, to: Position, cause: string): AuditFinding {
  return { kind: 'gap', atMs, from: describePosition(from), to: describePosition(to), cause };
}

function moveFinding({ atMs, from, to, move }: HistoryEntry): AuditFinding {
  const cause = `${move?.how ?? 'move'} by ${move?.by ?? 'unknown'}${move?.reason ? `: ${move.reason}` : ''}`;
  const isBack = move?.how === 'rewind' || (move?.how === 'undo' && comparePositions(to, from) < 0);
  return { kind: isBack ? 'rewound' : 'skipped', atMs, from: describePosition(from), to: describePosition(to), cause };
}

function lossesOf({ events }: HistoryEntry): AuditFinding[] {
  return events.flatMap((event) => {
    if (event.kind !== 'dataLoss') return [];
    const from = `arrived ${new Date(event.fromMs).toISOString()}`;
    return [
      { kind: 'lost' as const, atMs: event.atMs, from, to: new Date(event.toMs).toISOString(), cause: event.cause },
    ];
  });
}

/** About how many records lie between two positions: those of the entries that overlap the way. Undefined where the history begins later. */
export function estimateRecords(entries: readonly HistoryEntry[], from: Position, to: Position): number | undefined {
  const [low, high] = comparePositions(from, to) <= 0 ? [from, to] : [to, from];
  const [first] = entries;
  if (first === undefined || isBefore(low, first)) return undefined;
  return entries
    .filter((entry) => entry.kind === 'read' && !isPassed(entry, low) && comparePositions(entry.from, high) < 0)
    .reduce((sum, { records }) => sum + records, 0);
}

function isBefore(position: Position, { from, atMs }: HistoryEntry): boolean {
  if (position.at === 'AT_TIMESTAMP' && from.at !== 'AT_TIMESTAMP') return position.timestampMs < atMs;
  return comparePositions(position, from) < 0;
}

function isPassed({ to, atMs, lastArrivalMs }: HistoryEntry, position: Position): boolean {
  if (position.at === 'AT_TIMESTAMP' && to.at !== 'AT_TIMESTAMP') return (lastArrivalMs ?? atMs) < position.timestampMs;
  return comparePositions(to, position) <= 0;
}
