import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

import { TEMPORAL_CLI_VERSION } from './pins';
import { type CachedFile } from './sources';

const DOWNLOAD_LIMIT_MS = 300_000;
const PLATFORMS: Partial<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };
const ARCHITECTURES: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The vendor's archive of the CLI (server and Web UI inside) for a machine, named in Node's words. */
export function temporalArchiveUrl(platform: string, architecture: string): string {
  const [os, arch] = [PLATFORMS[platform], ARCHITECTURES[architecture]];
  if (!os || !arch) throw new Error(`no Temporal archive is known for ${platform} on ${architecture}`);
  return `https://temporal.download/cli/archive/v${TEMPORAL_CLI_VERSION}?platform=${os}&arch=${arch}`;
}

/** Where a downloaded CLI is kept. */
export function downloadedTemporal(cacheDir: string): CachedFile {
  return { file: path.join(downloadFolder(cacheDir), 'temporal') };
}

/** Downloads and unpacks the CLI into the cache. Concurrent callers do the work twice; the first one's result stays. */
export async function downloadTemporal(cacheDir: string, url: string): Promise<string> {
  const target = downloadFolder(cacheDir);
  await mkdir(path.dirname(target), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    const archive = path.join(work, 'archive.tar.gz');
    await fetchTo(url, archive);
    await promisify(execFile)('tar', ['-xzf', archive, '-C', work, 'temporal']);
    await rm(archive);
    await rename(work, target).catch(keepOther);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return downloadedTemporal(cacheDir).file;
}

async function fetchTo(url: string, file: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_LIMIT_MS) });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
}

function keepOther(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

function downloadFolder(cacheDir: string): string {
  return path.join(cacheDir, 'downloads', `temporal-${TEMPORAL_CLI_VERSION}`);
}
