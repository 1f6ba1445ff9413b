import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkReadable, historyFileOf, readLines, writeLines } from '../../../src/cli/history-file';
import { runCli } from '../../../src/cli/program';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-history-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('lines that were written are read again', async () => {
  const file = join(folder, 'lines');
  async function* lines(): AsyncGenerator<string> {
    yield* ['one', 'zwei ü'];
  }
  expect(await writeLines(file, lines())).toBe(2);
  await expect(checkReadable(file)).resolves.toBeUndefined();
  const read: string[] = [];
  for await (const line of readLines(file)) read.push(line);
  expect(read).toEqual(['one', 'zwei ü']);
});

it('an import whose history is not there ends before anything else is done', async () => {
  const input = join(folder, 'backup.json');
  writeFileSync(input, '{}');
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const code = await runCli(['import', join(folder, 'none.ts'), '--input', input, '--with-history', '--yes']);
  const said = write.mock.calls.map(([text]) => String(text)).join('');
  write.mockRestore();
  expect([code, said]).toEqual([1, expect.stringContaining('The history cannot be opened (ENOENT)')]);
  expect(said).toContain(historyFileOf(input));
});
