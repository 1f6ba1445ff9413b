import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { CACHE_DIR, PROJECT_ROOT } from '../../dev/stack/paths';

/** What the contestants' programs are made of. */
const SOURCES = ['src', 'bench/race/programs', 'bench/race/messages.ts', 'dev/stack/pins.ts'];
const PLAIN = ['package.json'];

let folder: string | undefined;

/** A program in JavaScript: a contestant that first had to compile itself would be slower to start than what a user runs. */
export function compiledProgram(file: string): string {
  folder ??= compile();
  return path.join(folder, 'bench', 'race', 'programs', file.replace(/\.ts$/, '.js'));
}

function compile(): string {
  const files = SOURCES.flatMap(filesOf);
  const hash = createHash('sha256').update(readFileSync(__filename));
  for (const file of files) hash.update(file).update(readFileSync(path.join(PROJECT_ROOT, file)));
  const target = path.join(CACHE_DIR, 'race', `compiled-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(target)) return target;
  const unfinished = `${target}.${process.pid}`;
  for (const file of files) write(unfinished, file.replace(/\.ts$/, '.js'), toJavaScript(file));
  for (const file of PLAIN) write(unfinished, file, readFileSync(path.join(PROJECT_ROOT, file), 'utf8'));
  if (existsSync(target)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, target);
  return target;
}

function filesOf(source: string): string[] {
  if (source.endsWith('.ts')) return [source];
  return readdirSync(path.join(PROJECT_ROOT, source), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => path.join(source, name));
}

/** As the package's build does it. */
function toJavaScript(file: string): string {
  const text = readFileSync(path.join(PROJECT_ROOT, file), 'utf8');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    esModuleInterop: true,
  };
  return ts.transpileModule(text, { fileName: path.join(PROJECT_ROOT, file), compilerOptions }).outputText;
}

function write(folder: string, file: string, text: string): void {
  const target = path.join(folder, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
}
