/** `npm run build`: dist/ from a clean start: compiled code with types, and the workflow bundle that workers run. */
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { bundleWorkflowCode } from '@temporalio/worker';

import { bundleOptions } from '../src/worker/workflow-source';
import { runTool } from './package/run-tool';
import { slimBundle } from './slim-bundle';

const ROOT = path.resolve(__dirname, '..');
const DIST = path.join(ROOT, 'dist');
const BUNDLE = path.join(DIST, 'workflow-bundle.js');
const COMMAND = path.join(DIST, 'cli', 'main.js');
/** Far above what it has: a jump means that something of Node's world has got into the workflows. */
const MAX_BUNDLE_BYTES = 3_000_000;

async function build(): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  await runTool(path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), ['-p', 'tsconfig.build.json'], ROOT);
  const bytes = await bundleWorkflows();
  await makeExecutable();
  console.log(`built dist; workflow bundle ${(bytes / 1_024).toFixed(0)} KB`);
}

/** From the compiled code, so that the bundle is what the types and the tests say. */
async function bundleWorkflows(): Promise<number> {
  const bundle = await bundleWorkflowCode(bundleOptions(path.join(DIST, 'workflows', 'index.js')));
  const code = slimBundle(bundle.code);
  const bytes = Buffer.byteLength(code);
  if (bytes > MAX_BUNDLE_BYTES) {
    throw new Error(`The workflow bundle has ${bytes} bytes, more than ${MAX_BUNDLE_BYTES}: what has got in?`);
  }
  await writeFile(BUNDLE, code);
  return bytes;
}

async function makeExecutable(): Promise<void> {
  const text = await readFile(COMMAND, 'utf8');
  if (!text.startsWith('#!/usr/bin/env node\n')) throw new Error('src/cli/main.ts must begin with #!/usr/bin/env node');
  await chmod(COMMAND, 0o755);
}

build().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
