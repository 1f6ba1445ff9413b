import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConsumerOptions } from '../../../src/core/options';
import type { RunOutcome } from '../../../src/handler/handler-runner';
import { fileOf, rememberFile } from '../../../src/worker/consumer-file';
import { createHandlerRunners, type HandlerRunnersOptions } from '../../../src/worker/handler-runners';
import { consumerOf, requestOf } from '../handler/support/runs';

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-threads-')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, source: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
  return path;
}

const handler = (): never => {
  throw new Error('The handler runs in the main thread');
};

/** One record through the consumer `delays` of the file. */
async function runIn(file: string, more: HandlerRunnersOptions = {}): Promise<RunOutcome> {
  const runners = createHandlerRunners(consumerOf(handler, { isolation: 'thread', file }), {
    loadLimitMs: 120_000,
    ...more,
  });
  try {
    return await runners.create().run(requestOf(['a']));
  } finally {
    await runners.close();
  }
}

const ALL_HANDLED = { filtered: [], rejected: [], failed: [], unhandled: [] };

const OPTIONS = "{ name: 'delays', stream: 'flights', startFrom: 'LATEST', handler: () => undefined }";
const ESM = `import { defineConsumer } from 'tidemark';\nexport default defineConsumer(${OPTIONS});`;
const CJS = `const { defineConsumer } = require('tidemark');\nmodule.exports = defineConsumer(${OPTIONS});`;
const TYPED = `import { defineConsumer, type BatchHandler } from 'tidemark';
const handler: BatchHandler = async () => {};
export default defineConsumer({ ...(${OPTIONS}), handler });`;
const OTHERS = `export default ['a', 'delays'].map((name) => defineConsumer({ ...(${OPTIONS}), name }))`;

const files = {
  'typed.ts': TYPED,
  'typed.mts': `const later = await Promise.resolve(1);\n${TYPED}\nvoid later;`,
  'typed.cts': TYPED,
  'plain.js': CJS,
  'esm/plain.js': ESM,
  'module.mjs': ESM,
  'common.cjs': CJS,
  'list.ts': `import { defineConsumer } from 'tidemark';\n${OTHERS};`,
};

/** Another copy of the package in the project: only the brand of a consumer is shared. */
const COPY = `exports.defineConsumer = ({ name, stream: streamName, ...rest }) => ({
  [Symbol.for('tidemark.consumer')]: true, options: { name, streamName, errorDetail: 'code', onFailure: {} }, ...rest });`;

describe.each([
  ['has a copy of tidemark installed', true],
  ['does not have it installed', false],
])('in a project that %s', (_, isInstalled) => {
  it.each(Object.entries(files))('a thread loads %s', async (name, source) => {
    const project = isInstalled ? 'with' : 'without';
    write(`${project}/esm/package.json`, '{ "type": "module" }');
    if (isInstalled) {
      write(`${project}/node_modules/tidemark/package.json`, '{ "name": "tidemark", "main": "index.js" }');
      write(`${project}/node_modules/tidemark/index.js`, COPY);
    }
    expect(await runIn(write(`${project}/${name}`, source))).toEqual(ALL_HANDLED);
  });
});

describe('a consumer that cannot be loaded in a thread', () => {
  const hint = 'The file that `file` names must export this consumer, and start nothing else.';

  it.each([
    ['is not there', '', 'There is no such file'],
    ['throws', "throw new Error('no such database');", 'failed while it was loaded: no such database'],
    ['exports no consumer', 'export default 1;', 'is not what defineConsumer(...) returns'],
    [
      'exports another consumer',
      ESM.replace("'delays'", "'other'"),
      'The file does not export the consumer delays of stream flights',
    ],
    ['exports one of another stream', ESM.replace("'flights'", "'other'"), 'delays of stream flights'],
    ['exits', `${ESM}\nprocess.exit(0);`, 'with exit code 0'],
    ['fails on the side', `${ESM}\nvoid Promise.reject(new Error('no'));\nawait new Promise(() => {});`, 'Error: no'],
    [
      'starts a worker',
      `import { createWorker } from 'tidemark';\n${ESM}\nawait createWorker([]);`,
      'createWorker was called',
    ],
    [
      'makes activities',
      `import { createActivities } from 'tidemark';\n${ESM}\ncreateActivities([]);`,
      'createActivities was',
    ],
  ])('because its file %s says so', async (what, source, text) => {
    const path = join(folder, `unloadable/${what.replaceAll(' ', '-')}.mts`);
    if (source !== '') write(relative(folder, path), source);
    await expect(runIn(path)).rejects.toMatchObject({
      name: 'TidemarkError',
      code: 'INVALID_CONSUMER_FILE',
      message: expect.stringContaining(text),
    });
    await expect(runIn(path)).rejects.toThrow(hint);
  });

  it('because its file never ends to load says so', async () => {
    const path = write('unloadable/endless.mts', `setInterval(() => 1, 1000);\nawait new Promise(() => {});\n${ESM}`);
    await expect(runIn(path, { loadLimitMs: 300 })).rejects.toThrow('it took longer than 300 ms');
  });

  it('is tried again with the next run', async () => {
    const path = write('repaired.ts', 'export default {{');
    const runners = createHandlerRunners(consumerOf(handler, { isolation: 'thread', file: path }));
    const runner = runners.create();
    await expect(runner.run(requestOf(['a']))).rejects.toMatchObject({ code: 'INVALID_CONSUMER_FILE' });
    write('repaired.ts', TYPED);
    expect(await runner.run(requestOf(['a']))).toEqual(ALL_HANDLED);
    await runners.close();
  });
});

describe('the file of a consumer', () => {
  const consumer = (options: Partial<ConsumerOptions>): ReturnType<typeof consumerOf> => consumerOf(handler, options);

  it('is what the consumer says, as a path or a file URL, or else what the command line has loaded', () => {
    const path = join(folder, 'a b.ts');
    const named = consumer({ file: path });
    const loaded = consumer({});
    rememberFile(named, '/other.ts');
    rememberFile(loaded, path);
    expect([named, loaded, consumer({ file: pathToFileURL(path).href })].map(fileOf)).toEqual([path, path, path]);
    expect(fileOf(consumer({ file: 'relative.ts' }))).toBe(join(process.cwd(), 'relative.ts'));
  });

  it('must be known to run in threads', () => {
    expect(() => createHandlerRunners(consumer({ isolation: 'thread' }))).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('needs `file`') }) as Error,
    );
  });
});

it('without isolation the handler runs in the main thread', async () => {
  const seen: string[] = [];
  const runners = createHandlerRunners(consumerOf(({ records }) => void seen.push(...records.map((r) => r.text()))));
  const runner = runners.create();
  await runner.run(requestOf(['a']));
  expect([seen, runners.size]).toEqual([['a'], 0]);
  await runner.close();
  await runners.close();
});
