import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../../support/prometheus-text';

export const CACHE = path.resolve(__dirname, '../../../../.cache/prometheus');

/** From `PATH`, the project's cache, or Debian's package, which is unpacked and not installed. */
export function findProgram(name: 'prometheus' | 'promtool'): string {
  const installed = findInstalled(name);
  if (installed === undefined) unpack();
  return installed ?? path.join(CACHE, 'x/usr/bin', name);
}

/** As `findProgram`, without getting it. */
export function findInstalled(name: 'prometheus' | 'promtool'): string | undefined {
  const unpacked = path.join(CACHE, 'x/usr/bin', name);
  if (spawnSync(name, ['--version']).status === 0) return name;
  return existsSync(unpacked) ? unpacked : undefined;
}

/** In a folder of its own, which takes its place as a whole: two test files may be at it, and a program that is being written cannot be started. */
function unpack(): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(path.join(CACHE, 'unpack-'));
  try {
    execFileSync('apt-get', ['download', 'prometheus'], { cwd: folder, stdio: 'pipe' });
    const deb = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? '';
    execFileSync('dpkg', ['-x', deb, 'x'], { cwd: folder, stdio: 'pipe' });
    moveUnlessThere(path.join(folder, 'x'), path.join(CACHE, 'x'));
  } catch (cause) {
    throw new Error('This test needs Prometheus: install it, so that prometheus and promtool are on PATH', { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** A Prometheus that scrapes one address every second. */
export class LocalPrometheus {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
    private readonly folder: string,
  ) {}

  static async start(target: string): Promise<LocalPrometheus> {
    const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-prometheus-'));
    const address = `127.0.0.1:${await freePort()}`;
    const config = {
      scrape_configs: [{ job_name: 'w', scrape_interval: '1s', static_configs: [{ targets: [target] }] }],
    };
    // JSON is YAML.
    writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config));
    const args = ['--config.file=prometheus.yml', `--storage.tsdb.path=${folder}`, `--web.listen-address=${address}`];
    const child = spawn(findProgram('prometheus'), args, { cwd: folder, stdio: 'ignore' });
    return new LocalPrometheus(child, `http://${address}`, folder);
  }

  /** Series that an instant query gives. @throws what Prometheus says is wrong with it */
  async query(query: string): Promise<number> {
    const answer = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
    const { status, error, data } = (await answer.json()) as {
      status: string;
      error?: string;
      data?: { result: unknown[] };
    };
    if (status !== 'success' || !data) throw new Error(`${query}: ${error}`);
    return data.result.length;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    if (this.child.exitCode === null) {
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
