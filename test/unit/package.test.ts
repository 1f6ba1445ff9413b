import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';

import ts from 'typescript';

import packageJson from '../../package.json';

const ROOT = path.resolve(__dirname, '../..');
const { dependencies, devDependencies, scripts, exports: entries, bin } = packageJson;

/** Names of the packages that the TypeScript files of a folder import. */
function packagesImportedBy(folder: string): Set<string> {
  const found = new Set<string>();
  for (const name of readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || !statSync(path.join(ROOT, folder, name)).isFile()) continue;
    const text = readFileSync(path.join(ROOT, folder, name), 'utf8');
    const { importedFiles } = ts.preProcessFile(text, true, true);
    for (const { fileName } of importedFiles) if (!fileName.startsWith('.')) found.add(packageOf(fileName));
  }
  return found;
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

function isNodes(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

describe('package.json', () => {
  it('lists every package that the published code imports', () => {
    const unlisted = [...packagesImportedBy('src')].filter((name) => !isNodes(name) && !(name in dependencies));
    expect(unlisted).toEqual([]);
  });

  it('lists no runtime dependency that the published code does not import, but protobufjs', () => {
    const imported = packagesImportedBy('src');
    expect(Object.keys(dependencies).filter((name) => !imported.has(name))).toEqual(['protobufjs']);
  });

  it('has exact versions, and one version of Temporal', () => {
    const { protobufjs, ...exact } = dependencies;
    expect(protobufjs).toMatch(/^\^8\./);
    for (const version of Object.values({ ...exact, ...devDependencies })) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    const temporal = Object.entries(dependencies).filter(([name]) => name.startsWith('@temporalio/'));
    expect(new Set(temporal.map(([, version]) => version)).size).toBe(1);
  });

  it('brings the rules, dashboard, policies and manifests that the docs name', () => {
    expect(packageJson.files).toEqual(expect.arrayContaining(['dist', 'ops']));
  });

  it('exports the library, the workflows, and nothing of the inside', () => {
    expect(Object.keys(entries)).toEqual(['.', './workflows', './package.json']);
    for (const entry of [entries['.'], entries['./workflows']])
      expect(Object.keys(entry)).toEqual(['types', 'default']);
    expect(bin).toEqual({ tidemark: './dist/cli/main.js' });
  });

  it('runs nothing on the machine of somebody who installs the package', () => {
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) expect(scripts).not.toHaveProperty(hook);
  });

  it('has a reason for every dependency in the decision log', () => {
    const page = readFileSync(path.join(ROOT, 'docs/decisions/0001-dependencies.md'), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(named.sort()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).sort());
  });
});
