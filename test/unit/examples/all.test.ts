import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLES = join(__dirname, '../../../examples');
const LOADER = join(__dirname, '../../support/cli/load-files.ts');

/** A PostgreSQL starts in this process, which others may keep busy. */
const LOAD_LIMIT_MS = 120_000;

it(
  'each example is a consumer file as the command line loads it',
  () => {
    const files = readdirSync(EXAMPLES).map((name) => join(EXAMPLES, name, 'consumer.ts'));
    expect(files.length).toBeGreaterThanOrEqual(8);
    const args = ['--import', require.resolve('tsx'), LOADER, ...files];
    const loaded = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Record<string, unknown>;
    expect(loaded).toEqual(Object.fromEntries(files.map((file) => [file, [expect.stringMatching(/^[a-z-]+$/)]])));
  },
  LOAD_LIMIT_MS,
);
