import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { toJournalEntry, type JournalEntry, type JournalRecord } from './journal-entries';

export interface Journal {
  /** Stamps the entries in their order, writes them, and resolves once they are on disk. */
  append(entries: readonly JournalRecord[]): Promise<void>;
  /** Waits for what was appended and closes the file. */
  close(): Promise<void>;
}

/** CLOCK_MONOTONIC in nanoseconds: comparable between the processes of one machine. */
export function monotonicNow(): string {
  return process.hrtime.bigint().toString();
}

/**
 * Opens a new journal. One file for each start of a process: an existing file is refused, because its last line may be
 * torn and must stay the last.
 */
export async function openJournal(file: string): Promise<Journal> {
  return new FileJournal(await open(file, 'ax'));
}

/** Calls made while a sync is under way share the next one. */
class FileJournal implements Journal {
  private readonly stamp = createStamper();
  private pending: string[] = [];
  private flushing: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(private readonly file: FileHandle) {}

  append(entries: readonly JournalRecord[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    for (const entry of entries) this.pending.push(`${JSON.stringify({ ...entry, ...this.stamp() })}\n`);
    this.next ??= (this.flushing ?? Promise.resolve()).then(() => this.flush());
    return this.next;
  }

  async close(): Promise<void> {
    try {
      await (this.next ?? this.flushing);
    } finally {
      await this.file.close();
    }
  }

  /** A failed write rejects this and every later append: what stands at the end of the file is no longer known. */
  private flush(): Promise<void> {
    const lines = this.pending.join('');
    this.pending = [];
    this.flushing = this.next;
    this.next = undefined;
    return this.write(lines);
  }

  private async write(lines: string): Promise<void> {
    await this.file.appendFile(lines);
    await this.file.datasync();
  }
}

/** Strictly rising within a journal, so that the order of its lines is the order of their stamps. */
function createStamper(): () => { at: number; mono: string } {
  let last = 0n;
  return () => {
    const now = process.hrtime.bigint();
    last = now > last ? now : last + 1n;
    return { at: Date.now(), mono: last.toString() };
  };
}

/**
 * Streams the entries of all files, one file after the other. A last line without its line feed was torn by a kill and
 * is left out (its `append` never resolved); a line that is wrong anywhere else is an error naming file and line.
 */
export async function* readJournals(files: readonly string[]): AsyncGenerator<JournalEntry> {
  for (const file of files) yield* readJournal(file);
}

async function* readJournal(file: string): AsyncGenerator<JournalEntry> {
  let rest = '';
  let line = 0;
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) yield parseLine(text, file, ++line);
  }
}

function parseLine(text: string, file: string, line: number): JournalEntry {
  try {
    return toJournalEntry(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file}:${line}: not a journal entry: ${reason}`, { cause: error });
  }
}
