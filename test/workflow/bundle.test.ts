import { AsyncLocalStorage } from 'node:async_hooks';
import path from 'node:path';
import { createContext, runInContext } from 'node:vm';

import { bundleWorkflowCode, DefaultLogger, type LogEntry } from '@temporalio/worker';

import { workflowTypes } from '../../src/core/names';
import { bundleOptions, workflowsPath } from '../../src/worker/workflow-source';

const SOURCES = path.resolve(__dirname, '../../src');

/** Bundles as a worker does, without a list of modules to ignore, and keeps the warnings. */
async function bundle(entry: string): Promise<{ code: string; warnings: LogEntry[] }> {
  const warnings: LogEntry[] = [];
  const logger = new DefaultLogger('WARN', (warning) => warnings.push(warning));
  const { code } = await bundleWorkflowCode({ ...bundleOptions(entry), logger });
  return { code, warnings };
}

/** Source files of the bundle, from the source map at its end. */
function sourcesOf(code: string): string[] {
  const base64 = /sourceMappingURL=data:application\/json;[^,]*base64,([A-Za-z0-9+/=]+)/.exec(code)?.[1] ?? '';
  const { sources } = JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as { sources: string[] };
  return sources.map((source) => source.replace(/^webpack:\/\/[^/]*\//, '/').replace(/^\/+/, '/'));
}

/** What loading the workflows adds to what a worker has loaded before its first one, as the worker loads them. */
function loadedByEachWorkflow(code: string): string[] {
  const cache: Record<string, unknown> = {};
  const world = { __webpack_module_cache__: cache, AsyncLocalStorage, TextEncoder, TextDecoder };
  const context = createContext(world, { microtaskMode: 'afterEvaluate' });
  runInContext(code, context);
  runInContext('__TEMPORAL__.preloadModules()', context);
  const before = new Set(Object.keys(cache));
  runInContext('__TEMPORAL__.importWorkflows()', context);
  expect(before.size).toBeGreaterThan(0);
  return Object.keys(cache).filter((name) => !before.has(name));
}

describe('the workflow bundle', () => {
  it('is loaded once for all workflows of a worker', async () => {
    const { code } = await bundle(workflowsPath());
    expect(loadedByEachWorkflow(code)).toEqual([]);
  });

  it('has the workflows, their decisions, and nothing else of ours', async () => {
    const { code, warnings } = await bundle(workflowsPath());
    expect(warnings).toEqual([]);
    for (const name of Object.values(workflowTypes)) expect(code).toContain(name);

    const ours = sourcesOf(code).filter((source) => source.startsWith(`${SOURCES}/`));
    const folders = new Set(ours.map((source) => path.relative(SOURCES, source).split(path.sep)[0]));
    expect([...folders].sort()).toEqual(['core', 'workflows']);
  });

  it('cannot be made of code that needs Node', async () => {
    await expect(bundle(require.resolve('../../src/handler/record'))).rejects.toThrow('Webpack finished with errors');
  });
});
