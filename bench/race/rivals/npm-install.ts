import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { CACHE_DIR } from '../../../dev/stack/paths';

const run = promisify(execFile);

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Of the package's archive; its dependencies are what npm finds on the day. */
  readonly integrity: string;
}

/** Folder of an installed package; it need not exist. */
export function npmPackageFolder(wanted: NpmPackage): string {
  return path.join(projectFolder(wanted), 'node_modules', wanted.name);
}

/** Installs a package into the project's cache, once, without its scripts. Never a dependency of Tidemark. */
export async function installNpmPackage(wanted: NpmPackage, onProgress: (line: string) => void): Promise<void> {
  const folder = projectFolder(wanted);
  const marker = path.join(folder, 'complete');
  if (existsSync(marker)) return;
  onProgress(`installing ${wanted.name} ${wanted.version} from npm into .cache (once)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const project = { name: 'race-rival', private: true, dependencies: { [wanted.name]: wanted.version } };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(project));
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  check(wanted, folder);
  writeFileSync(marker, '');
}

function projectFolder({ name, version }: NpmPackage): string {
  return path.join(CACHE_DIR, 'race', `${name}-${version}`);
}

function check({ name, integrity }: NpmPackage, folder: string): void {
  const file = path.join(folder, 'node_modules', '.package-lock.json');
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, { integrity?: string }> };
  const found = packages[`node_modules/${name}`]?.integrity;
  if (found !== integrity) throw new Error(`${name} has the integrity ${found}, not ${integrity}`);
}
