import type { RecordPlace } from './producer';
import { JournalReader, type JournalLine } from './worker-journal';

export interface DeliveredBatch {
  readonly workerPid: number;
  readonly shardId: string;
  readonly beganAtMs: number;
  readonly places: readonly RecordPlace[];
  /** How many records have taken effect, if the worker was halted in the middle. */
  halfway?: number;
  isHandled: boolean;
}

/** What the workers' journals say: each batch that a handler was called with, and whether that call succeeded. */
export class Deliveries {
  readonly batches: DeliveredBatch[] = [];
  /** Records whose handler has succeeded at least once. */
  readonly handled = new Set<RecordPlace>();
  /** Records given to a handler, each as often as it was given. */
  deliveredCount = 0;
  private readonly journals: {
    readonly pid: number;
    readonly reader: JournalReader;
    readonly open: Map<number, DeliveredBatch>;
  }[] = [];

  addWorker(pid: number, journal: string): void {
    this.journals.push({ pid, reader: new JournalReader(journal), open: new Map() });
  }

  refresh(): void {
    for (const { pid, reader, open } of this.journals) {
      for (const line of reader.readNew()) this.take(line, pid, open);
    }
  }

  /** A batch in the middle of which a worker was halted. */
  halfwayBatch(): DeliveredBatch | undefined {
    return this.batches.find(({ halfway, isHandled }) => halfway !== undefined && !isHandled);
  }

  close(): void {
    for (const { reader } of this.journals.splice(0)) reader.close();
  }

  private take(line: JournalLine, pid: number, open: Map<number, DeliveredBatch>): void {
    if (line.kind === 'begin') {
      const { shardId, atMs, sequenceNumbers } = line;
      const places = sequenceNumbers.map((sequenceNumber) => `${shardId}/${sequenceNumber}`);
      const batch: DeliveredBatch = { workerPid: pid, shardId, beganAtMs: atMs, places, isHandled: false };
      this.batches.push(batch);
      open.set(line.batch, batch);
      this.deliveredCount += places.length;
      return;
    }
    const batch = open.get(line.batch);
    if (!batch) return;
    if (line.kind === 'half') {
      batch.halfway = line.records;
      return;
    }
    open.delete(line.batch);
    batch.isHandled = true;
    for (const place of batch.places) this.handled.add(place);
  }
}
