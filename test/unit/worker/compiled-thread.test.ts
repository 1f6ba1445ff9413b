import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from '@swc/core';

const ROOT = path.resolve(__dirname, '../../..');

/** Inside the project, so that compiled code finds its packages. */
let folder: string;
beforeAll(() => {
  mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
  folder = mkdtempSync(path.join(ROOT, '.cache', 'compiled-'));
  // A scope of its own: else `tidemark` is the project around it, if that was built.
  writeFileSync(path.join(folder, 'package.json'), '{}');
  compile(path.join(ROOT, 'src'), path.join(folder, 'package', 'dist'));
  writeFileSync(path.join(folder, 'package', 'package.json'), '{ "name": "tidemark", "main": "dist/index.js" }');
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(path.join(folder, 'package'), path.join(folder, 'node_modules', 'tidemark'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the build does it, but for the types. */
function compile(from: string, to: string): void {
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const { code } = transformSync(readFileSync(path.join(from, name), 'utf8'), {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true },
    });
    const file = path.join(to, name.replace(/ts$/, 'js'));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
}

const ANSWER = `({ records: [record] }) => ({ failures: [{ record, reason: JSON.stringify({
  text: record.text(), worker: typeof createWorker, client: typeof TidemarkClient,
  loaded: Object.keys(cache).filter((file) => /@temporalio|@aws-sdk/.test(file)).length }) }] })`;
const OPTIONS = `{ name: 'c', stream: 's', startFrom: 'LATEST', isolation: 'thread', errorDetail: 'message', handler: ${ANSWER} }`;
const ESM = `import { createRequire } from 'node:module';
import { createWorker, defineConsumer, TidemarkClient } from 'tidemark';
const { cache } = createRequire(import.meta.url);
export default defineConsumer(${OPTIONS});`;

const files = {
  'consumer.mjs': ESM,
  'consumer.mts': ESM,
  'consumer.cjs': `const { createWorker, defineConsumer, TidemarkClient } = require('tidemark');
const { cache } = require;
module.exports = defineConsumer(${OPTIONS});`,
};

const MAIN = `
const { loadConsumers } = require('./package/dist/worker/load-consumer.js');
const { createHandlerRunners } = require('./package/dist/worker/handler-runners.js');
(async () => {
  const [consumer] = await loadConsumers(process.argv[2]);
  const runners = createHandlerRunners(consumer);
  const shard = { consumer: 'c', streamName: 's', streamArn: 'arn', createdAtMs: 1, shardId: 'shardId-0' };
  const records = [{ sequenceNumber: '1', partitionKey: 'k', data: Buffer.from('hello'), arrivalMs: 1 }];
  const { failed } = await runners.create().run({ shard, records, millisBehindLatest: 0, attempt: 1, fence: 1,
    redrive: false, lost: new AbortController().signal, keepPayloads: false });
  console.log(failed[0].error.message);
  await runners.close();
})();`;

it.each(Object.entries(files))(
  'the compiled package runs %s in a thread, without the libraries of Temporal and AWS',
  (name, source) => {
    writeFileSync(path.join(folder, name), source);
    writeFileSync(path.join(folder, 'main.cjs'), MAIN);
    const args = [path.join(folder, 'main.cjs'), path.join(folder, name)];
    const answer = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as unknown;
    expect(answer).toEqual({ text: 'hello', worker: 'function', client: 'function', loaded: 0 });
  },
);
