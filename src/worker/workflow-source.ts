import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

/** Made by `npm run build` beside the compiled code, with the same version of Temporal's SDK. */
const BUILT_BUNDLE = join(__dirname, '..', 'workflow-bundle.js');

let bundled: Promise<WorkflowBundleOption> | undefined;

/** The workflow code that workers run: the built bundle, or one bundled now (from a source checkout; takes 1 to 3 s). */
export function workflowBundle(): Promise<WorkflowBundleOption> {
  bundled ??= existsSync(BUILT_BUNDLE)
    ? Promise.resolve({ codePath: BUILT_BUNDLE })
    : bundleWorkflowCode({ workflowsPath: workflowsPath(), logger: QUIET });
  return bundled;
}

/** Path of the workflows, for a worker of your own (`workflowsPath`), or to re-export beside your own workflows. */
export function workflowsPath(): string {
  return require.resolve('../workflows');
}

const ignore = (): void => undefined;
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
