// Runs a TypeScript file or jest from a bare clone: `node dev/bootstrap.mjs <file.ts | jest> [args…]`.
// Needs nothing but Node: installs the npm packages first when they are missing or older than package-lock.json.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const LEAST_NODE = [20, 19];

function fail(message) {
  console.error(message);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  fail(`Node ${LEAST_NODE.join('.')} or later is needed; this is ${process.versions.node} (${process.execPath}).`);
}

/** npm writes the hidden lock file at the end of each installation. */
function packagesAreCurrent() {
  const installed = path.join(ROOT, 'node_modules', '.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(path.join(ROOT, 'package-lock.json')).mtimeMs;
}

function installPackages() {
  if (packagesAreCurrent()) return;
  console.error('installing npm packages (once)');
  const ownNpm = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : undefined;
  const [command, first] = ownNpm ? [process.execPath, [ownNpm]] : ['npm', []];
  const options = { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' && !ownNpm };
  const done = spawnSync(command, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'], options);
  if (done.error) fail(`npm could not be run: ${done.error.message}`);
  if (done.signal) process.kill(process.pid, done.signal);
  if (done.status !== 0) fail(`npm ci failed:\n${done.stdout}${done.stderr}`);
}

function commandLine([target, ...args]) {
  if (target === 'jest') return [path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'), ...args];
  return ['--import', 'tsx', target, ...args];
}

function run(args) {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the whole group; forwarding it would make it two.
  const fromTerminal = process.stdin.isTTY;
  process.on('SIGINT', () => fromTerminal || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => fail(error.message));
  child.once('exit', (code, signal) => process.exit(signal ? 128 + os.constants.signals[signal] : code));
}

checkNode();
if (process.argv.length < 3) fail('usage: node dev/bootstrap.mjs <file.ts | jest> [args…]');
installPackages();
run(commandLine(process.argv.slice(2)));
