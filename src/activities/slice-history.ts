import type { CheckpointHistory } from '../checkpoints/checkpoint-history';
import type { Totals } from '../core/checkpoint';
import type { Move } from '../core/control';
import type { ClaimInput } from '../core/control-work';
import type { HistoryEntry } from '../core/history';
import { comparePositions, type Position } from '../core/positions';
import type { ShardEvent } from '../core/shard-work';
import type { CheckpointHold } from './checkpoint-hold';
import { logHistory } from './slice-log';

/** Events of one entry at most: an item has 400 KB. What does not fit stands in Temporal's history. */
const MAX_EVENTS = 50;
const ATTEMPTS = 2;

export interface HistoryWorld {
  readonly history: CheckpointHistory;
  readonly ttlMs: number;
  readonly worker: string;
}

/**
 * Writes what an execution has done into the history of its checkpoint, once it has done it. The history follows the commits: it never
 * holds them up, and an entry that cannot be written is a gap that an audit shows.
 */
export class SliceHistory {
  constructor(
    private readonly world: HistoryWorld,
    private readonly hold: CheckpointHold,
    private readonly input: ClaimInput,
  ) {}

  /** @param noted what operators did since the last entry */
  async recordRead(noted: readonly ShardEvent[] = []): Promise<void> {
    const { hold } = this;
    if (!hold.isAcquired) return;
    const { position: to } = hold.checkpoint;
    const { position: from, totals } = this.begin;
    const events = [...noted, ...hold.events];
    if (comparePositions(from, to) === 0 && events.length === 0) return;
    const isAfterLoss = this.isFresh && hold.writer.attempt > 1;
    const entry = { ...this.entry('read', hold.checkpoint.token), ...difference(hold.progress.totals, totals) };
    const loss = isAfterLoss ? { isAfterLoss } : {};
    await this.append({ ...entry, from, to, ...loss, events: events.slice(-MAX_EVENTS) });
  }

  async recordMove({
    id,
    kind: how,
    isBack = how === 'rewind',
    by,
    reason,
    from,
    to,
    generation,
  }: Move): Promise<void> {
    const move = { how, isBack, by, ...(reason === undefined ? {} : { reason }) };
    const entry = { ...this.entry('move', id), from: from ?? this.input.belief.position, to, generation, move };
    // Every attempt finds the same time in the row, and so writes the same entry.
    const { committedAtMs: atMs = entry.atMs } = this.hold.progress;
    await this.append({ ...entry, atMs });
  }

  /** The workflow knows nothing of the checkpoint yet: it was started anew. */
  private get isFresh(): boolean {
    return this.input.belief.token === undefined;
  }

  /** Where this entry begins: where the last one of its workflow ended, or where a new workflow found the row. */
  private get begin(): { readonly position: Position; readonly totals: Totals } {
    const { hold, input } = this;
    const carried = { position: input.belief.position, totals: input.progress.totals };
    return this.isFresh ? (hold.acquired ?? carried) : carried;
  }

  private entry(kind: HistoryEntry['kind'], source: string): Omit<HistoryEntry, 'from' | 'to'> {
    const { hold, input, world } = this;
    const { totals, lastArrivalMs } = hold.progress;
    const { generation } = hold.isAcquired ? hold.checkpoint : input.belief;
    return {
      id: source.replaceAll('-', '').slice(0, 12),
      atMs: hold.now,
      kind,
      generation,
      records: 0,
      batches: 0,
      totalRecords: totals.records,
      ...(lastArrivalMs === undefined ? {} : { lastArrivalMs }),
      worker: world.worker,
      runId: hold.writer.runId,
      attempt: hold.writer.attempt,
      events: [],
    };
  }

  private async append(entry: HistoryEntry): Promise<void> {
    const { history, ttlMs } = this.world;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        return await history.append(this.hold.shard, entry, ttlMs);
      } catch (error) {
        if (attempt === ATTEMPTS) logHistory(this.hold.shard, error);
      }
    }
  }
}

function difference(
  now: Totals,
  before: Totals,
): Pick<HistoryEntry, 'records' | 'batches' | 'filtered' | 'deadLettered'> {
  const since = (key: keyof Totals): number => Math.max(0, (now[key] ?? 0) - (before[key] ?? 0));
  const filtered = since('filtered');
  const deadLettered = since('deadLettered');
  return {
    records: since('records'),
    batches: since('batches'),
    ...(filtered > 0 ? { filtered } : {}),
    ...(deadLettered > 0 ? { deadLettered } : {}),
  };
}
