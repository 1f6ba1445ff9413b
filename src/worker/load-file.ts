import { realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import type * as tidemark from '../index';
import { codeOf, errorCodes, TidemarkError } from '../core/errors';
import { isConsumerDefinition, type ConsumerDefinition } from '../handler/define-consumer';

const TYPESCRIPT = ['.ts', '.mts', '.cts'];
const JAVASCRIPT = ['.js', '.mjs', '.cjs'];

export interface LoadOptions {
  /** What `import … from 'tidemark'` gives where the file's project does not have the package installed. */
  readonly tidemark: { readonly [K in keyof typeof tidemark]: unknown };
  /** Folder for what TypeScript was turned into; nobody else may write there. Without it nothing is kept. */
  readonly cacheFolder?: string;
}

/** The consumers of a consumer file, and its path without links. See `loadConsumers`. */
export async function loadFile(
  file: string,
  options: LoadOptions,
): Promise<{ consumers: ConsumerDefinition[]; path: string }> {
  const path = findFile(file);
  return { path, consumers: consumersOf(defaultExportOf(await loadModule(path, file, options)), file) };
}

/** Absolute path of a file on this machine that can be loaded; never an address. */
function findFile(file: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(file))
    throw invalid('A consumer file is a path on this machine, not an address', file, 'Give the path of a file.');
  const path = realPath(file);
  if (!statSync(path).isFile())
    throw invalid('This is not a file', file, 'Give the path of a consumer file, such as `consumer.ts`.');
  if ([...TYPESCRIPT, ...JAVASCRIPT].includes(extname(path))) return path;
  throw invalid(
    'A consumer file of this kind cannot be loaded',
    file,
    `Its name must end in ${[...TYPESCRIPT, ...JAVASCRIPT].join(', ')}.`,
  );
}

function realPath(file: string): string {
  try {
    return realpathSync(resolve(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw invalid('There is no such file', resolve(file), 'Check the path of the consumer file.');
    throw invalid(`The consumer file cannot be opened (${code})`, file, 'Check its permissions.');
  }
}

async function loadModule(path: string, file: string, options: LoadOptions): Promise<unknown> {
  try {
    return isLoadedByNode(path) ? await import(pathToFileURL(path).href) : await loadWithJiti(path, options);
  } catch (error) {
    throw loadFailure(error, file);
  }
}

/** Node loads JavaScript itself, if it finds `tidemark` from there. */
function isLoadedByNode(path: string): boolean {
  if (!JAVASCRIPT.includes(extname(path))) return false;
  try {
    createRequire(path).resolve('tidemark');
    return true;
  } catch {
    return false;
  }
}

async function loadWithJiti(path: string, { tidemark, cacheFolder }: LoadOptions): Promise<unknown> {
  // Without its usual cache on disk: that would be shared by all users of the machine, and consumer files are small.
  return createJiti(path, {
    virtualModules: { tidemark },
    fsCache: cacheFolder ?? false,
    interopDefault: false,
    tsconfigPaths: true,
  }).import(path);
}

function loadFailure(error: unknown, file: string): TidemarkError {
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (code === undefined) {
    return invalid(
      `The consumer file failed while it was loaded: ${oneLine(text)}`,
      file,
      'Correct the file; `--debug` shows where.',
      error,
    );
  }
  const { hint } = errorCodes[code];
  const what = text.endsWith(hint) ? text.slice(0, -hint.length).replace(/ $/, '') : text;
  return new TidemarkError(code, `${file}: ${what}`, { cause: error });
}

/** Without the list of files that Node adds to a missing module. */
function oneLine(text: string): string {
  const [start = ''] = text.split('\nRequire stack:');
  return start.replace(/\s+/g, ' ').trim();
}

/** A CommonJS module that was compiled from an ES module has its default export one level deeper. */
function defaultExportOf(module: unknown): unknown {
  const outer =
    propertyOf(module, 'default') ?? (isConsumerDefinition(module) || Array.isArray(module) ? module : undefined);
  const isCompiled = propertyOf(outer, '__esModule') === true;
  return isCompiled ? propertyOf(outer, 'default') : outer;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function consumersOf(exported: unknown, file: string): ConsumerDefinition[] {
  if (exported === undefined) throw invalid('The consumer file has no default export', file);
  const consumers: unknown[] = Array.isArray(exported) ? exported : [exported];
  if (consumers.length === 0) throw invalid('The consumer file exports an empty list of consumers', file);
  if (consumers.every(isConsumerDefinition)) return consumers;
  const wrong = Array.isArray(exported) ? 'has an entry that is not' : 'is not';
  throw invalid(`The default export of the consumer file ${wrong} what defineConsumer(...) returns`, file);
}

function invalid(what: string, file: string, hint?: string, cause?: unknown): TidemarkError {
  return new TidemarkError('INVALID_CONSUMER_FILE', what, { context: { file }, hint, cause });
}
