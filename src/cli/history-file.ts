import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { TidemarkError } from '../core/errors';

/** The history stands beside the backup, in a file of its own. */
export function historyFileOf(backupFile: string): string {
  return `${backupFile}.history.jsonl`;
}

/** Writes line after line, for the owner alone to read. Gives the number of lines. */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<number> {
  const file = await open(path, 'w', 0o600);
  let count = 0;
  try {
    for await (const line of lines) {
      await file.writeFile(`${line}\n`);
      count += 1;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return count;
}

/** @throws `BACKUP_INVALID` for a file that cannot be opened */
export async function checkReadable(path: string): Promise<void> {
  try {
    await (await open(path)).close();
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

/** @throws `BACKUP_INVALID` for a file that cannot be opened */
export async function* readLines(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, { encoding: 'utf8' });
  try {
    await new Promise((resolve, reject) => input.once('open', resolve).once('error', reject));
  } catch (error) {
    throw cannotOpen(path, error);
  }
  yield* createInterface({ input, crlfDelay: Infinity });
}

function cannotOpen(path: string, error: unknown): TidemarkError {
  const { code } = error as NodeJS.ErrnoException;
  return new TidemarkError('BACKUP_INVALID', `The history cannot be opened (${code})`, { context: { file: path } });
}
