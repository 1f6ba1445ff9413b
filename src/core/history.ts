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
  /** An earlier attempt of the first slice after a start was lost: what it committed has no entry of its own. */
  readonly isAfterLoss?: boolean;
  /** What happened meanwhile, oldest first. */
  readonly events: readonly ShardEvent[];
  readonly move?: { readonly how: MoveKind; readonly isBack: boolean; readonly by: string; readonly reason?: string };
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
  /** Of a gap at the end: its entry may still be written. */
  readonly isUnderWay?: boolean;
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

export interface AuditLimits {
  readonly nowMs: number;
  /** How long entries are kept, milliseconds. */
  readonly ttlMs: number;
  /** How long a slice may take until it writes its entry, milliseconds. */
  readonly sliceMs: number;
}

/** Where the checkpoint stands now. */
export interface CurrentPlace extends Place {
  readonly committedAtMs: number;
}

/**
 * Follows the history from its first entry, oldest first, to where the checkpoint stands. An entry that begins before the last one ended
 * repeats something (its execution was lost before it could report), which is no gap.
 */
export function auditHistory(
  entries: readonly HistoryEntry[],
  current: CurrentPlace | undefined,
  limits: AuditLimits,
): Audit {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return auditNothing(current, limits);
  const findings: AuditFinding[] = [];
  let through: Place = { position: first.from, generation: first.generation };
  for (const [index, entry] of entries.entries()) {
    const isZombie = entry.generation < through.generation && isReachedLater(entries, index, current, through);
    findings.push(...lossesOf(entry), ...(isZombie ? [] : findingsOf(entry, through)));
    if (!isZombie) through = placeAfter(entry, through);
  }
  if (current) findings.push(...endOf(current, through, last, limits));
  const records = entries.reduce((sum, entry) => sum + entry.records, 0);
  const isCovered = !findings.some(({ kind, isUnderWay }) => kind === 'lost' || (kind === 'gap' && !isUnderWay));
  const range = { from: first.from, through: through.position, sinceMs: first.atMs };
  return { isCovered, entries: entries.length, records, ...range, findings };
}

/** Entries that have expired are no fault; those of a checkpoint that moved since then are missing. */
function auditNothing(current: CurrentPlace | undefined, { nowMs, ttlMs, sliceMs }: AuditLimits): Audit {
  const isOld = current !== undefined && current.committedAtMs < nowMs - ttlMs;
  const isNew = current !== undefined && current.committedAtMs > nowMs - sliceMs && current.position.at !== 'SHARD_END';
  return { isCovered: current === undefined || isOld || isNew, entries: 0, records: 0, findings: [] };
}

export interface Place {
  readonly position: Position;
  readonly generation: number;
}

/** What a zombie committed before a move does not count after it. A generation that is never reached again was taken back instead. */
function isReachedLater(
  entries: readonly HistoryEntry[],
  index: number,
  current: Place | undefined,
  { generation }: Place,
): boolean {
  const later = entries.slice(index + 1).some((entry) => entry.generation >= generation);
  return later || (current !== undefined && current.generation >= generation);
}

function findingsOf(entry: HistoryEntry, { position, generation }: Place): AuditFinding[] {
  if (entry.kind === 'move') return [moveFinding(entry)];
  if (entry.generation < generation) return [gap(entry.atMs, position, entry.from, TAKEN_BACK)];
  const isBeyond = comparePositions(entry.from, position) > 0 && !entry.isAfterLoss;
  if (entry.generation === generation) return isBeyond ? [gap(entry.atMs, position, entry.from, NOT_RECORDED)] : [];
  const cause = 'by a move that is not recorded, or an import';
  if (isBeyond) return [gap(entry.atMs, position, entry.from, cause)];
  const places = { from: describePosition(position), to: describePosition(entry.from) };
  return [{ kind: 'rewound', atMs: entry.atMs, ...places, cause }];
}

function placeAfter({ kind, to, generation }: HistoryEntry, before: Place): Place {
  const isMoved = kind === 'move' || generation !== before.generation;
  const position = isMoved || comparePositions(to, before.position) > 0 ? to : before.position;
  return { position, generation };
}

/** What is committed beyond the last entry: of the slice under way, if that may be. */
function endOf(current: CurrentPlace, through: Place, last: HistoryEntry, { sliceMs }: AuditLimits): AuditFinding[] {
  if (!isBeyond(current, through)) return [];
  const isUnderWay = current.position.at !== 'SHARD_END' && current.committedAtMs - last.atMs <= sliceMs;
  const finding = gap(last.atMs, through.position, current.position, isUnderWay ? UNDER_WAY : NOT_RECORDED);
  return [isUnderWay ? { ...finding, isUnderWay } : finding];
}

const NOT_RECORDED = 'nothing is recorded: the entry was not written, or it has expired';
const TAKEN_BACK = 'the checkpoint was taken back outside of orders: restored, repaired or imported';
const UNDER_WAY = 'not recorded yet: the slice under way, or one that was lost with its worker';

function isBeyond(a: Place, b: Place): boolean {
  return a.generation > b.generation || (a.generation === b.generation && comparePositions(a.position, b.position) > 0);
}

function gap(atMs: number, from: Position, to: Position, cause: string): AuditFinding {
  return { kind: 'gap', atMs, from: describePosition(from), to: describePosition(to), cause };
}

function moveFinding({ atMs, from, to, move }: HistoryEntry): AuditFinding {
  const cause = `${move?.how ?? 'move'} by ${move?.by ?? 'unknown'}${move?.reason ? `: ${move.reason}` : ''}`;
  return {
    kind: move?.isBack ? 'rewound' : 'skipped',
    atMs,
    from: describePosition(from),
    to: describePosition(to),
    cause,
  };
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
