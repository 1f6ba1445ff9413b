import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { CACHE_DIR } from '../../../dev/stack/paths';

const run = promisify(execFile);

/** Builds a Maven project into the cache, once for each state of its sources; Maven checks what it fetches from Central. */
export async function buildMaven(source: string, onProgress: (line: string) => void): Promise<void> {
  const folder = mavenFolder(source);
  const marker = path.join(folder, 'complete');
  if (existsSync(marker)) return;
  onProgress(`building ${path.basename(source)} with Maven into .cache (once)`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(source, folder, { recursive: true });
  const goals = ['compile', 'dependency:copy-dependencies', '-DoutputDirectory=target/lib'];
  await run('mvn', ['-B', '-q', '-C', ...goals], { cwd: folder, maxBuffer: 2 ** 24 });
  writeFileSync(marker, '');
}

/** For `java -cp`. */
export function mavenClassPath(source: string): string {
  const target = path.join(mavenFolder(source), 'target');
  return [path.join(target, 'classes'), path.join(target, 'lib', '*')].join(path.delimiter);
}

function mavenFolder(source: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort())
    if (/\.(java|xml)$/.test(name)) hash.update(name).update(readFileSync(path.join(source, name)));
  return path.join(CACHE_DIR, 'race', `${path.basename(source)}-${hash.digest('hex').slice(0, 12)}`);
}
