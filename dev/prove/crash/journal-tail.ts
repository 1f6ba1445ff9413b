import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalRecord } from '../journal-entries';
import { numberOf } from './producer';

const CHUNK_BYTES = 1 << 20;

/** Follows the journals of the workers while they are written. */
export class JournalTail {
  /** Number of the newest handled record of each shard. */
  readonly newest = new Map<string, number>();
  readonly handled = new Set<number>();
  handlings = 0;
  refused = 0;
  private readonly rests = new Map<string, { offset: number; rest: string }>();

  constructor(private readonly folder: string) {}

  async poll(): Promise<void> {
    for (const file of await journalsIn(this.folder)) await this.pollFile(file);
  }

  private async pollFile(path: string): Promise<void> {
    const state = this.rests.get(path) ?? { offset: 0, rest: '' };
    this.rests.set(path, state);
    const file = await open(path);
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, state.offset);
        if (bytesRead === 0) return;
        state.offset += bytesRead;
        // Journals are ASCII, so a chunk never cuts a character.
        const lines = (state.rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
        state.rest = lines.pop() ?? '';
        for (const line of lines) this.note(JSON.parse(line) as JournalRecord);
      }
    } finally {
      await file.close();
    }
  }

  private note(entry: JournalRecord): void {
    if (entry.kind === 'refused') this.refused += 1;
    if (entry.kind !== 'handled') return;
    const number = numberOf(entry.id);
    this.handlings += 1;
    this.handled.add(number);
    this.newest.set(entry.shardId, Math.max(this.newest.get(entry.shardId) ?? 0, number));
  }
}

export async function journalsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.jsonl')).map((name) => join(folder, name));
}
