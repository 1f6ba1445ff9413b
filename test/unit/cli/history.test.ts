import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runCli } from '../../../src/cli/program';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-history-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([['--json'], ['--diff', 'a', 'b']])(
  'of a file with several consumers one must be named for %s',
  async (...flags) => {
    const file = join(folder, 'two.ts');
    const source = resolve(__dirname, '../../../src');
    writeFileSync(
      file,
      `import { defineConsumer } from ${JSON.stringify(source)};
const one = (name: string) => defineConsumer({ name, stream: 's', startFrom: 'LATEST', handler: () => undefined, aws: { region: 'us-east-1', kinesisEndpoint: 'http://127.0.0.1:9' } });
export default [one('a'), one('b')];`,
    );
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const code = await runCli(['history', file, '--shard', 'shardId-0', ...flags]);
    const said = write.mock.calls.map(([text]) => String(text)).join('');
    write.mockRestore();
    expect([code, said]).toEqual([1, expect.stringContaining('The file has 2 consumers')]);
  },
);
