import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type BundleOptions, type WorkflowBundleOption } from '@temporalio/worker';

/** Made by `npm run build` beside the compiled code, with the same version of Temporal's SDK. */
const BUILT_BUNDLE = join(__dirname, '..', 'workflow-bundle.js');

/** In a source checkout, many short-lived worker processes share a bundle that this variable names. */
const BUNDLE_VARIABLE = 'TIDEMARK_WORKFLOW_BUNDLE';

let bundled: Promise<WorkflowBundleOption> | undefined;

/** The workflow code that workers run: the built bundle, or one bundled now (from a source checkout; takes 1 to 3 s). */
export function workflowBundle(): Promise<WorkflowBundleOption> {
  const built = process.env[BUNDLE_VARIABLE] ?? BUILT_BUNDLE;
  bundled ??= existsSync(built)
    ? Promise.resolve({ codePath: built })
    : bundleWorkflowCode(bundleOptions(workflowsPath()));
  return bundled;
}

/** Path of the workflows, for a worker of your own (`workflowsPath`), or to re-export beside your own workflows. */
export function workflowsPath(): string {
  return require.resolve('../workflows');
}

/**
 * How the workflows are bundled. Their modules are loaded once for all shards of a worker (decision 31): none may hold state of its own. ESLint refuses
 * the usual forms of it.
 */
export function bundleOptions(path: string): BundleOptions {
  return { workflowsPath: path, preloadModules: [path], logger: QUIET };
}

const ignore = (): void => undefined;
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
