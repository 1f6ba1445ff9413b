/**
 * `npm run package:check`: packs the package as publishing would, has publint and are-the-types-wrong look at the tarball, installs it
 * into an empty project, and uses it there: types, CommonJS, ES modules, workflows, command line.
 */
import { access, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { version } from '../../package.json';
import { writeConsumerProject } from './consumer-project';
import { runProgram, runTool } from './run-tool';

const ROOT = path.resolve(__dirname, '../..');
const INSTALL_LIMIT_MS = 600_000;
const COMMANDS = [
  'run',
  'worker',
  'start',
  'status',
  'stop',
  'pause',
  'resume',
  'rewind',
  'skip-ahead',
  'undo',
  'history',
  'audit',
  'retry',
  'skip',
  'dead-letters',
  'replay',
  'table',
];

async function check(): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-package-'));
  try {
    const tarball = await step('pack', () => pack(folder));
    await step('publint', () => publint(tarball));
    await step('are the types wrong', () => typesAreRight(tarball));
    const project = path.join(folder, 'project');
    await step('install', () => install(tarball, project));
    await step('types', () => runTool(moduleFile('typescript', 'bin/tsc'), ['-p', '.'], project));
    for (const script of ['use.cjs', 'use.mjs', 'bundle.cjs']) await step(script, () => runTool(script, [], project));
    await step('command line', () => useCommandLine(project));
    await step('ops', () => findOps(project));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function step<T>(name: string, action: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  try {
    const result = await action();
    console.log(`  ok    ${name} (${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Builds first, by the package's own prepack script. */
async function pack(folder: string): Promise<string> {
  await npm(['pack', '--pack-destination', folder], ROOT);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  if (name === undefined) throw new Error('npm pack made no tarball');
  const tarball = path.join(folder, name);
  const kilobytes = (await stat(tarball)).size / 1_024;
  console.log(`        ${name}: ${kilobytes.toFixed(0)} KB`);
  return tarball;
}

async function publint(tarball: string): Promise<void> {
  await runTool(moduleFile('publint', 'src/cli.js'), ['run', tarball, '--strict'], ROOT);
}

/** For Node's two kinds of import; bundlers and Node 10 are not what this package is for. */
async function typesAreRight(tarball: string): Promise<void> {
  const script = moduleFile('@arethetypeswrong/cli', 'dist/index.js');
  await runTool(script, [tarball, '--profile', 'node16', '--no-emoji'], ROOT);
}

async function install(tarball: string, project: string): Promise<void> {
  await writeConsumerProject(project, path.join(ROOT, 'node_modules', '@types'));
  await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], project, INSTALL_LIMIT_MS);
}

async function useCommandLine(project: string): Promise<void> {
  const command = path.join(project, 'node_modules', '.bin', 'tidemark');
  const printed = (await runProgram(command, ['--version'], project)).trim();
  if (printed !== version) throw new Error(`tidemark --version printed ${printed}, not ${version}`);
  const help = await runProgram(command, ['--help'], project);
  const missing = COMMANDS.filter((name) => !new RegExp(`^ +${name}\\b`, 'm').test(help));
  if (missing.length > 0) throw new Error(`tidemark --help does not list ${missing.join(', ')}:\n${help}`);
  const supervised = ['worker', 'none.ts', '--processes', '2'];
  const refusal = await runProgram(command, supervised, project).catch((error: Error) => error.message);
  if (!refusal.includes('Error INVALID_CONSUMER_FILE')) throw new Error(`no worker process could start:\n${refusal}`);
}

/** Rules, dashboard, policies and manifests, which docs name by their places in the package. */
async function findOps(project: string): Promise<void> {
  const folder = path.join('node_modules', 'tidemark', 'ops');
  const names = await readdir(path.join(ROOT, 'ops'), { recursive: true });
  for (const name of names) await access(path.join(project, folder, name));
  if (names.length === 0) throw new Error('there is nothing in ops');
}

/** By npm's own program where npm runs this script, so that it is the same npm. */
async function npm(args: readonly string[], cwd: string, timeLimitMs?: number): Promise<void> {
  const own = process.env.npm_execpath;
  if (own?.endsWith('npm-cli.js')) await runTool(own, args, cwd, { timeLimitMs });
  else await runProgram('npm', args, cwd, { timeLimitMs });
}

function moduleFile(name: string, file: string): string {
  return path.join(ROOT, 'node_modules', ...name.split('/'), ...file.split('/'));
}

check().then(
  () => console.log('The package is in order.'),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
