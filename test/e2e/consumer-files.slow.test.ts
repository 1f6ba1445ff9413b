import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const LOADER = join(__dirname, '../support/cli/load-files.ts');
const SOURCE = join(__dirname, '../../src/index.ts');

const OPTIONS = "{ name: 'c', stream: 's', startFrom: 'LATEST', handler: async () => {} }";
const ESM = `import { defineConsumer } from 'tidemark';\nexport default defineConsumer(${OPTIONS});`;
const CJS = `const { defineConsumer } = require('tidemark');\nmodule.exports = defineConsumer(${OPTIONS});`;
const TYPED = `import { defineConsumer, type BatchHandler } from 'tidemark';
const handler: BatchHandler = async () => {};
export default defineConsumer({ ...(${OPTIONS}), handler });`;
const TOP_LEVEL_AWAIT = `const later = await Promise.resolve('LATEST' as const);\n${TYPED}\nvoid later;`;

const GOOD = {
  'typed.ts': TYPED,
  'typed.mts': TYPED,
  'typed.cts': TYPED,
  'awaiting.mts': TOP_LEVEL_AWAIT,
  'assigned.cts': `import { defineConsumer } from 'tidemark';\nexport = defineConsumer(${OPTIONS});`,
  'module.mjs': ESM,
  'common.cjs': CJS,
  'plain.js': CJS,
  'esm/plain.js': ESM,
  'esm/typed.ts': TYPED,
  'compiled.cjs': `Object.defineProperty(exports, '__esModule', { value: true });
exports.default = require('tidemark').defineConsumer(${OPTIONS});`,
  'list.ts': `${TYPED.replace('export default', 'const one =')}
export default [one, defineConsumer({ ...(${OPTIONS}), name: 'd' })];`,
  'helped.ts': `import { name } from './helper';
import { defineConsumer } from 'tidemark';\nexport default defineConsumer({ ...(${OPTIONS}), name });`,
};

const BAD = {
  'no-default.ts': ['export const consumer = 1;', 'no default export'],
  'not-ours.ts': ["export default { name: 'c' };", 'is not what defineConsumer(...) returns'],
  'no-list.mjs': ['export default [];', 'empty list'],
  'mixed.ts': [
    `${TYPED.replace('export default', 'const one =')}\nexport default [one, {}];`,
    'has an entry that is not',
  ],
  'throws.mjs': ["throw new Error('no such database');", 'failed while it was loaded: no such database'],
  'syntax.ts': ['export default {{', 'failed while it was loaded'],
  'import.ts': ["import './nowhere';\nexport default 1;", "Cannot find module './nowhere'"],
  'consumer.json': ['{}', 'of this kind cannot be loaded'],
} as const;

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-files-')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ['has tidemark installed', true],
  ['does not have it installed', false],
])('consumer files in a project that %s', (_, isInstalled) => {
  it('load whatever their kind, and say what is wrong with them', () => {
    const project = createProject(isInstalled);
    const bad = Object.fromEntries(Object.entries(BAD).map(([name, [source]]) => [name, source]));
    write(project, { ...GOOD, ...bad, 'helper.ts': "export const name: string = 'c';" });
    const loaded = load(project, [...Object.keys(GOOD), ...Object.keys(BAD)]);

    const names = Object.keys(GOOD).map((name) => [name, loaded[name]]);
    expect(names).toEqual(Object.keys(GOOD).map((name) => [name, name === 'list.ts' ? ['c', 'd'] : ['c']]));
    for (const [name, [, text]] of Object.entries(BAD)) {
      expect(loaded[name]).toEqual({ code: 'INVALID_CONSUMER_FILE', message: expect.stringContaining(text) });
      expect(loaded[name]).toEqual({ code: expect.anything(), message: expect.stringContaining(name) });
    }
  });
});

it('a consumer file is a file of this machine', () => {
  const project = createProject(false);
  write(project, { 'real/consumer.ts': TYPED });
  symlinkSync(join(project, 'real/consumer.ts'), join(project, 'link.ts'));
  const loaded = load(project, ['link.ts', 'missing.ts', 'real']);
  expect(loaded).toMatchObject({
    'link.ts': ['c'],
    'missing.ts': { code: 'INVALID_CONSUMER_FILE', message: expect.stringContaining('There is no such file') },
    real: { code: 'INVALID_CONSUMER_FILE', message: expect.stringContaining('This is not a file') },
  });
  const addresses = [
    'data:text/javascript,export default 1',
    'https://example.com/c.mjs',
    'file:///tmp/c.ts',
    'node:fs',
  ];
  expect(Object.values(run(addresses))).toEqual(
    addresses.map(() => ({ code: 'INVALID_CONSUMER_FILE', message: expect.stringContaining('not an address') })),
  );
});

/** An installed copy is a module of its own, as in a project with its own version: only the brand of a consumer is shared. */
function createProject(isInstalled: boolean): string {
  const project = mkdtempSync(join(folder, 'project-'));
  if (isInstalled) {
    write(project, {
      'node_modules/tidemark/package.json': JSON.stringify({ name: 'tidemark', main: 'index.js' }),
      'node_modules/tidemark/index.js': `exports.defineConsumer = require(${JSON.stringify(SOURCE)}).defineConsumer;`,
    });
  }
  return project;
}

function write(project: string, files: Readonly<Record<string, string>>): void {
  for (const [name, source] of Object.entries({ 'esm/package.json': '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), source);
  }
}

type Outcomes = Record<string, unknown>;

/** Outcomes by name within the project. */
function load(project: string, names: readonly string[]): Outcomes {
  const outcomes = run(names.map((name) => join(project, name)));
  return Object.fromEntries(names.map((name) => [name, outcomes[join(project, name)]]));
}

function run(files: readonly string[]): Outcomes {
  const args = ['--import', require.resolve('tsx'), LOADER, ...files];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Outcomes;
}
