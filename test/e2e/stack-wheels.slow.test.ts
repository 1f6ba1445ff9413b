import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { installWheel, wheelFile } from '../../dev/stack/wheels';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-wheels-'));
const cache = path.join(folder, 'cache');
const wheel = { name: 'tidemark-probe', version: '1.2.3', command: 'tidemark-probe' };
/** pip sees nothing but our own wheel. */
const env = { PATH: process.env['PATH'], HOME: folder, PIP_NO_INDEX: '1', PIP_FIND_LINKS: path.join(folder, 'dist') };

function packWheel(): void {
  const source = path.join(folder, 'source');
  const info = path.join(source, 'tidemark_probe-1.2.3.dist-info');
  mkdirSync(info, { recursive: true });
  mkdirSync(env.PIP_FIND_LINKS);
  writeFileSync(path.join(source, 'tidemark_probe.py'), 'def main():\n    print("probe runs")\n');
  writeFileSync(path.join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: tidemark-probe\nVersion: 1.2.3\n');
  writeFileSync(path.join(info, 'WHEEL'), 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  writeFileSync(path.join(info, 'entry_points.txt'), '[console_scripts]\ntidemark-probe = tidemark_probe:main\n');
  writeFileSync(path.join(info, 'RECORD'), '');
  const file = path.join(env.PIP_FIND_LINKS, 'tidemark_probe-1.2.3-py3-none-any.whl');
  execFileSync('python3', ['-m', 'zipfile', '-c', file, ...readdirSync(source)], { cwd: source });
}

beforeAll(packWheel);
afterAll(() => rmSync(folder, { recursive: true }));

describe('installing a wheel into the cache', () => {
  it('happens once, however many ask, and the program runs', async () => {
    const files = await Promise.all([1, 2, 3].map(() => installWheel(cache, wheel, env)));
    const { file, marker = '' } = wheelFile(cache, wheel);
    expect(files).toEqual([file, file, file]);
    expect(execFileSync(file, { encoding: 'utf8' })).toBe('probe runs\n');
    const installedAtMs = statSync(marker).mtimeMs;
    await installWheel(cache, wheel, env);
    expect(statSync(marker).mtimeMs).toBe(installedAtMs);
  }, 90_000);

  it('says what pip said, and leaves no installation that looks whole', async () => {
    const missing = { ...wheel, version: '9.9.9' };
    await expect(installWheel(cache, missing, env)).rejects.toThrow(
      /No matching distribution found for tidemark-probe==9\.9\.9\n.*pip could not install tidemark-probe==9\.9\.9/,
    );
    expect(() => statSync(wheelFile(cache, missing).marker ?? '')).toThrow('ENOENT');
  }, 60_000);

  it('asks for python3 when there is none', async () => {
    await expect(installWheel(cache, wheel, { PATH: folder })).rejects.toThrow('python3 is not on PATH');
  });

  it('names the package to install when python3 cannot make environments', async () => {
    const stripped = path.join(folder, 'stripped');
    mkdirSync(stripped);
    writeFileSync(path.join(stripped, 'ensurepip.py'), 'raise ModuleNotFoundError(name="ensurepip")\n');
    const attempt = installWheel(cache, { ...wheel, version: '2' }, { ...env, PYTHONPATH: stripped });
    await expect(attempt).rejects.toThrow(
      'its module ensurepip is missing (Debian and Ubuntu: apt install python3-venv)',
    );
  });
});
