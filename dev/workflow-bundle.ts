/** The workflow bundle of a source checkout, made once and kept: bundling costs every worker process seconds of CPU. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { bundleOptions } from '../src/worker/workflow-source';
import { slimBundle } from './slim-bundle';

const ROOT = path.resolve(__dirname, '..');
const CACHE = path.join(ROOT, '.cache', 'workflows');
const SOURCES = ['src/core', 'src/workflows'].map((folder) => path.join(ROOT, folder));

/** Bundles the workflows if their code has changed, and has this process and its children use the bundle. */
export async function useKeptWorkflowBundle(): Promise<void> {
  const file = path.join(CACHE, `${fingerprint()}.js`);
  if (!existsSync(file)) await bundleTo(file);
  process.env.TIDEMARK_WORKFLOW_BUNDLE = file;
}

async function bundleTo(file: string): Promise<void> {
  const { code } = await bundleWorkflowCode(bundleOptions(path.join(ROOT, 'src', 'workflows', 'index.ts')));
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, slimBundle(code));
  renameSync(unfinished, file);
}

function fingerprint(): string {
  const hash = createHash('sha256').update(readFileSync(path.join(ROOT, 'package-lock.json')));
  hash.update(slimBundle.toString()).update(bundleOptions.toString());
  for (const folder of SOURCES) {
    for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(path.join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
