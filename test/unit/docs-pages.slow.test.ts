import { createProgram } from '../../src/cli/program';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';

import packageJson from '../../package.json';

const ROOT = path.resolve(__dirname, '../..');

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...markdownIn('docs'),
  ...markdownIn('docs/decisions'),
  ...markdownIn('docs/runbooks'),
];

function markdownIn(folder: string): string[] {
  const names = readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith('.md'));
  return names.map((name) => `${folder}/${name}`);
}

function read(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** Text without the contents of code blocks. */
function proseOf(page: string): string {
  return read(page).replace(/```[^]*?```/g, '');
}

describe.each(pages)('%s', (page) => {
  it('has no link that leads nowhere', () => {
    const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^(https?:|#)/.test(target)).map((target) => target.split('#')[0] ?? '');
    expect(local.filter((target) => !existsSync(path.join(ROOT, path.dirname(page), target)))).toEqual([]);
  });

  it('names only scripts that exist', () => {
    const named = [...read(page).matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map(([, script = '']) => script);
    expect(named.filter((script) => !(script in packageJson.scripts))).toEqual([]);
  });

  it('names only commands that exist', () => {
    const commands = createProgram().commands.map((command) => command.name());
    const named = [...read(page).matchAll(/\bnpx tidemark ([a-z]+(?:-[a-z]+)*)/g)].map(([, command = '']) => command);
    expect(named.filter((command) => !commands.includes(command))).toEqual([]);
  });

  it('names only source files that exist', () => {
    const named = [...read(page).matchAll(/`((?:src|test|dev|docs|bench|examples)\/[\w./-]+\.\w+)`/g)].map(
      ([, file = '']) => file,
    );
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });
});

it('the README names every example', () => {
  const examples = readdirSync(path.join(ROOT, 'examples')).map((name) => `examples/${name}/consumer.ts`);
  expect(examples.filter((example) => !read('README.md').includes(`\`${example}\``))).toEqual([]);
});

it('the README leads to every page, and a worker of your own gets every workflow', () => {
  const pages = readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  expect(pages.filter((name) => !read('README.md').includes(`](docs/${name}`))).toEqual([]);
  const exported = [...read('src/workflows/index.ts').matchAll(/^export \{ (\w+) \}/gm)].map(([, name = '']) => name);
  expect(exported.length).toBeGreaterThan(3);
  expect(read('README.md')).toContain(`export { ${exported.join(', ')} } from 'tidemark/workflows';`);
});

describe('the code in the README', () => {
  /** Code blocks whose first line is a comment with a file name, as files of one project. */
  const blocks = [...read('README.md').matchAll(/```ts\n\/\/ ([\w-]+\.ts)\n([^]*?)```/g)];
  const files = new Map(blocks.map(([, name = '', code = '']) => [path.join(ROOT, 'readme', name), code]));

  it('is there', () => {
    expect([...files.keys()].map((file) => path.basename(file))).toContain('consumer.ts');
    expect(read('README.md').match(/```ts\n/g)).toHaveLength(files.size);
  });

  it('compiles', () => {
    expect(problemsOf(files)).toEqual([]);
  });

  it('would not compile with a wrong option', () => {
    const wrong = (files.get(path.join(ROOT, 'readme', 'consumer.ts')) ?? '').replace("'TRIM_HORIZON'", "'OLDEST'");
    expect(problemsOf(new Map([[path.join(ROOT, 'readme', 'wrong.ts'), wrong]]))).toHaveLength(1);
  });

  it('the first example has at most 15 lines', () => {
    const [, , code = ''] = blocks[0] ?? [];
    expect(code.trim().split('\n').length).toBeLessThanOrEqual(15);
  });
});

/** Compiles files that are in memory only, beside those of the project. */
function problemsOf(files: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT, path.join(ROOT, 'tsconfig.json'));
  const host = ts.createCompilerHost(options);
  const readFile = (file: string): string | undefined => files.get(file) ?? ts.sys.readFile(file);
  Object.assign(host, {
    readFile,
    fileExists: (file: string) => files.has(file) || ts.sys.fileExists(file),
    directoryExists: (folder: string) => folder === path.join(ROOT, 'readme') || ts.sys.directoryExists(folder),
    getSourceFile: (file: string, version: ts.ScriptTarget) => {
      const text = readFile(file);
      return text === undefined ? undefined : ts.createSourceFile(file, text, version);
    },
  });
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((file) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText, start }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, ' ');
      return `${path.basename(file)} at ${start}: ${text}`;
    }),
  );
}
