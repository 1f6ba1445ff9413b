import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { downloadedTemporal, downloadTemporal, temporalArchiveUrl } from '../../../dev/stack/temporal-download';

describe('the vendor archive of the Temporal CLI', () => {
  const base = 'https://temporal.download/cli/archive/v1.9.1';

  it.each([
    ['linux', 'x64', `${base}?platform=linux&arch=amd64`],
    ['linux', 'arm64', `${base}?platform=linux&arch=arm64`],
    ['darwin', 'arm64', `${base}?platform=darwin&arch=arm64`],
    ['darwin', 'x64', `${base}?platform=darwin&arch=amd64`],
  ])('is chosen for %s on %s', (platform, architecture, url) => {
    expect(temporalArchiveUrl(platform, architecture)).toBe(url);
  });

  it.each([
    ['win32', 'x64'],
    ['linux', 'ia32'],
  ])('is refused for %s on %s', (platform, architecture) => {
    expect(() => temporalArchiveUrl(platform, architecture)).toThrow(`for ${platform} on ${architecture}`);
  });
});

describe('downloading it', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-download-'));
  const server = createServer((request, response) => {
    if (request.url !== '/archive') return response.writeHead(404).end();
    response.end(readFileSync(path.join(folder, 'archive.tar.gz')));
  });
  let origin = '';

  beforeAll(async () => {
    writeFileSync(path.join(folder, 'temporal'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(path.join(folder, 'LICENSE'), 'not wanted');
    execFileSync('tar', ['-czf', 'archive.tar.gz', 'LICENSE', 'temporal'], { cwd: folder });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  it('unpacks the binary into the cache, also for two at once', async () => {
    const cache = path.join(folder, 'cache');
    const files = await Promise.all([1, 2].map(() => downloadTemporal(cache, `${origin}/archive`)));
    expect(files).toEqual([downloadedTemporal(cache).file, downloadedTemporal(cache).file]);
    expect(readFileSync(downloadedTemporal(cache).file, 'utf8')).toBe('#!/bin/sh\n');
    expect(readdirSync(path.join(cache, 'downloads'))).toEqual(['temporal-1.9.1']);
  });

  it('says what the server answered', async () => {
    await expect(downloadTemporal(path.join(folder, 'none'), `${origin}/gone`)).rejects.toThrow('answered 404');
  });
});
