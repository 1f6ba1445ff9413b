import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openJournal, readJournals } from '../../../dev/prove/journal';
import type { JournalEntry, JournalRecord } from '../../../dev/prove/journal-entries';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  file = join(folder, 'worker-1.jsonl');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const put = (counter: number): JournalRecord => ({
  kind: 'put',
  id: `id-${counter}`,
  key: 'schlüssel\n"1"',
  counter,
  shardId: 'shard-0',
  sequenceNumber: String(counter).repeat(56),
});

async function readAll(...files: string[]): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of readJournals(files)) entries.push(entry);
  return entries;
}

async function writeOne(...records: JournalRecord[]): Promise<void> {
  const journal = await openJournal(file);
  await journal.append(records);
  await journal.close();
}

describe('the journal', () => {
  it('gives back what was appended, stamped', async () => {
    await writeOne(put(1), put(2));
    const entries = await readAll(file);
    expect(entries).toMatchObject([put(1), put(2)]);
    expect(entries.map(({ at, mono }) => [typeof at, typeof mono])).toEqual(Array(2).fill(['number', 'string']));
  });

  it('keeps the order of concurrent appends, with rising stamps', async () => {
    const journal = await openJournal(file);
    const counters = Array.from({ length: 500 }, (_, index) => index + 1);
    await Promise.all(counters.map((counter) => journal.append([put(counter)])));
    await journal.close();
    const entries = await readAll(file);
    expect(entries.map((entry) => entry.kind === 'put' && entry.counter)).toEqual(counters);
    const rises = entries.map(({ mono }, index) => index === 0 || BigInt(mono) > BigInt(entries[index - 1]?.mono ?? 0));
    expect(rises.every(Boolean)).toBe(true);
  });

  it('has the entries in the file when append resolves', async () => {
    const journal = await openJournal(file);
    await journal.append([put(1)]);
    expect(await readAll(file)).toHaveLength(1);
    await journal.append([]);
    await journal.append([put(2)]);
    expect(await readAll(file)).toHaveLength(2);
    await journal.close();
  });

  it('rejects appends after it was closed', async () => {
    const journal = await openJournal(file);
    await journal.close();
    await expect(journal.append([put(1)])).rejects.toThrow();
    await expect(journal.append([put(2)])).rejects.toThrow();
  });

  it('refuses a file that exists: its last line may be torn', async () => {
    await writeOne(put(1));
    await expect(openJournal(file)).rejects.toThrow('EEXIST');
  });

  it('leaves out a torn last line', async () => {
    await writeOne(put(1));
    await appendFile(file, '{"kind":"put","id":"id-2","key":"sch');
    expect(await readAll(file)).toHaveLength(1);
  });

  it('reads several files, and an empty one', async () => {
    await writeOne(put(1));
    const empty = join(folder, 'empty.jsonl');
    await writeFile(empty, '');
    expect(await readAll(empty, file, file)).toHaveLength(2);
  });

  it.each([
    ['{"kind":"put","id":\n', 'JSON'],
    ['\n', 'JSON'],
    ['null\n', 'not an object'],
    ['{"kind":"constructor"}\n', 'unknown kind "constructor"'],
    ['{"kind":"kill","worker":"w1","signal":"SIGHUP","at":1,"mono":"1"}\n', 'kill: wrong signal "SIGHUP"'],
    ['{"kind":"kill","worker":"w1","signal":"SIGKILL","at":1,"mono":1}\n', 'kill: wrong mono 1'],
  ])('names file and line of a wrong line: %j', async (line, reason) => {
    await writeOne(put(1));
    await appendFile(file, line);
    await expect(readAll(file)).rejects.toThrow(`${file}:2: not a journal entry`);
    await expect(readAll(file)).rejects.toThrow(reason);
  });

  it('has every entry that a killed process had been told is on disk', async () => {
    const writer = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'journal-writer.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 40) writer.kill('SIGKILL');
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
    const counters = (await readAll(file)).map((entry) => entry.kind === 'handled' && entry.counter);
    expect(counters.length).toBeGreaterThanOrEqual(acknowledged);
    expect(counters).toEqual(counters.map((_, index) => index + 1));
  }, 30_000);
});
