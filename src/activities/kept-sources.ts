import type { Position } from '../core/positions';
import type { IteratorStart } from '../core/read-start';
import type { BatchSource } from './batch-source';
import type { LeftOut } from './left-out';
import type { CheckpointHold } from './checkpoint-hold';

/** How long an open source waits for the next slice of its shard. On the same worker it comes within a second. */
const KEPT_MS = 15_000;

/** The slice that uses a source now. */
export interface SliceListener {
  onTrouble: (error: unknown) => void;
  hold: Pick<CheckpointHold, 'checkpoint' | 'writer'>;
  /** That slice has ended, and the next one has not come. */
  isKept?: boolean;
}

/** A source between two slices, with what its reader tells to whoever uses it now. */
export interface OpenSource {
  readonly source: BatchSource;
  readonly leftOut: LeftOut;
  /** Where reading goes on once its iterator has expired, while nothing that was read waits: at this start, of this position. */
  readonly renewFrom: (start: IteratorStart, position: Position) => void;
  /** Whether the shard is polled; false of one that is read by enhanced fan-out. */
  readonly isPolling: () => boolean;
  readonly listener: SliceListener;
}

interface Kept extends OpenSource {
  readonly token: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Open sources of shards between two slices on the same worker: the next slice goes on with the iterator and the pages at hand. One is used
 * again only where nobody has written the checkpoint in between, which its token tells; otherwise it is closed.
 */
export class KeptSources {
  private readonly kept = new Map<string, Kept>();

  /** `open` stands right behind the checkpoint that has this token. */
  keep(shard: string, token: string, open: OpenSource): void {
    this.take(shard, undefined);
    Object.assign(open.listener, { onTrouble: () => undefined, isKept: true });
    const timer = setTimeout(() => this.take(shard, undefined), KEPT_MS);
    timer.unref();
    this.kept.set(shard, { ...open, token, timer });
  }

  /** No slice follows: a source left open would go on reading for a while. */
  close(): void {
    for (const shard of [...this.kept.keys()]) this.take(shard, undefined);
  }

  /** The source of this shard, which is the caller's from now on; undefined if there is none that stands at this checkpoint. */
  take(shard: string, token: string | undefined): OpenSource | undefined {
    const kept = this.kept.get(shard);
    if (!kept) return undefined;
    this.kept.delete(shard);
    clearTimeout(kept.timer);
    if (kept.token === token) {
      kept.listener.isKept = false;
      return kept;
    }
    kept.source.close();
    return undefined;
  }
}
