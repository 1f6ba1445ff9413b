import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A project of a user: what it types, imports and runs must work with the packed tarball alone. */
const files: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ name: 'consumer-project', version: '1.0.0', private: true }),

  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'ES2022',
      module: 'node16',
      moduleResolution: 'node16',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    },
    include: ['*.cts', '*.mts'],
  }),

  'consumer.mts': `
    import { defineConsumer, eachRecord, TidemarkClient, type ConsumerDefinition, type KinesisRecord } from 'tidemark';
    import { tidemarkShard } from 'tidemark/workflows';
    const consumer: ConsumerDefinition = defineConsumer({
      name: 'a-consumer',
      stream: 'a-stream',
      startFrom: 'TRIM_HORIZON',
      handler: eachRecord(async (record: KinesisRecord) => void record.json<{ delay: number }>().delay),
    });
    export default consumer;
    export const client: Promise<TidemarkClient> = TidemarkClient.connect({ address: '127.0.0.1:7233' });
    export const shard: (input: never) => Promise<{ phase: 'FINISHED' | 'STOPPED' }> = tidemarkShard;
    // @ts-expect-error startFrom has no default
    defineConsumer({ name: 'a-consumer', stream: 'a-stream', handler: async () => undefined });
  `,

  'consumer.cts': `
    import { createActivities, createWorker, defineConsumer, workflowsPath, type TidemarkWorker } from 'tidemark';
    import workflows = require('tidemark/workflows');
    const consumer = defineConsumer({
      name: 'a-consumer',
      stream: 'a-stream',
      startFrom: 'LATEST',
      handler: async ({ records }, { signal }) => {
        for (const { sequenceNumber } of records) if (signal.aborted) throw new Error(sequenceNumber);
      },
    });
    const path: string = workflowsPath();
    const worker: Promise<TidemarkWorker> = createWorker([consumer], { maxShards: 10 });
    export = { path, worker, activities: createActivities([consumer]), stream: workflows.tidemarkStream };
  `,

  'use.cjs': `
    const assert = require('node:assert');
    const tidemark = require('tidemark');
    const options = { name: 'a', stream: 's', startFrom: 'LATEST', handler: async () => undefined };
    assert.strictEqual(tidemark.defineConsumer(options).options.streamName, 's');
    assert.throws(() => tidemark.defineConsumer({ ...options, name: '' }), { name: 'TidemarkError', code: 'INVALID_OPTION' });
    assert.strictEqual(require.resolve('tidemark/workflows'), tidemark.workflowsPath());
    assert.throws(() => require('tidemark/dist/index.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
  `,

  'use.mjs': `
    import assert from 'node:assert';
    import { createRequire } from 'node:module';
    import { defineConsumer, eachRecord, TidemarkClient, TidemarkError } from 'tidemark';
    import { tidemarkShard, tidemarkStream } from 'tidemark/workflows';
    assert.strictEqual(createRequire(import.meta.url)('tidemark').TidemarkError, TidemarkError);
    for (const value of [defineConsumer, eachRecord, TidemarkClient, tidemarkShard, tidemarkStream]) assert.strictEqual(typeof value, 'function');
  `,

  // A worker of one's own: Tidemark's workflows beside one's own, bundled together.
  'own-workflows.cjs': `
    module.exports = { ...require('tidemark/workflows'), async myWorkflow() { return 'mine'; } };
  `,
  'bundle.cjs': `
    const assert = require('node:assert');
    const { createRequire } = require('node:module');
    const { bundleWorkflowCode } = createRequire(require.resolve('tidemark'))('@temporalio/worker');
    const options = { workflowsPath: require.resolve('./own-workflows.cjs'), preloadModules: ['tidemark/workflows'] };
    bundleWorkflowCode(options).then(({ code }) => {
      for (const name of ['tidemarkShard', 'tidemarkStream', 'myWorkflow']) assert.ok(code.includes(name), name);
      assert.match(code, /function preloadModules\\(\\) {\\s+__webpack_require__/);
    });
  `,
};

/** Writes the project into a folder that exists and is empty. `typeRoots` says where Node's types are. */
export async function writeConsumerProject(folder: string, typeRoots: string): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const text = name === 'tsconfig.json' ? withTypeRoots(content, typeRoots) : content;
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

function withTypeRoots(content: string, typeRoots: string): string {
  const config = JSON.parse(content) as { compilerOptions: Record<string, unknown> };
  return JSON.stringify({ ...config, compilerOptions: { ...config.compilerOptions, typeRoots: [typeRoots] } });
}
