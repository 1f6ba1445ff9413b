import { appendFileSync, closeSync, openSync, readSync } from 'node:fs';

/** What a worker process writes down before, after and sometimes in the middle of a batch. Survives kill -9: each line is one write to a file. */
export type JournalLine =
  | {
      readonly kind: 'begin';
      readonly batch: number;
      readonly atMs: number;
      readonly shardId: string;
      readonly sequenceNumbers: readonly string[];
    }
  | { readonly kind: 'half'; readonly batch: number; readonly records: number }
  | { readonly kind: 'end'; readonly batch: number };

export function appendToJournal(file: string, line: JournalLine): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Reads what has been added to a journal since the last look. */
export class JournalReader {
  private readonly descriptor: number;
  private readonly buffer = Buffer.alloc(1 << 20);
  private torn = Buffer.alloc(0);

  constructor(file: string) {
    this.descriptor = openSync(file, 'a+');
  }

  /** Complete lines only: a kill may have torn the last one. */
  readNew(): JournalLine[] {
    const chunks = [this.torn];
    for (;;) {
      const bytes = readSync(this.descriptor, this.buffer);
      if (bytes === 0) break;
      chunks.push(Buffer.from(this.buffer.subarray(0, bytes)));
    }
    const all = Buffer.concat(chunks);
    const end = all.lastIndexOf('\n') + 1;
    this.torn = all.subarray(end);
    const lines = all.toString('utf8', 0, end).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as JournalLine);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
