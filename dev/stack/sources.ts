import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Where a server comes from, in the order of trying. */
export type Source =
  | { readonly kind: 'environment'; readonly address: string }
  | { readonly kind: 'path' | 'cache'; readonly file: string }
  | { readonly kind: 'acquire' };

/** A file in the project's cache that counts only once its marker exists: an installation may have been cut short. */
export interface CachedFile {
  readonly file: string;
  readonly marker?: string;
}

export interface Recipe {
  readonly addressVariable: string;
  readonly command: string;
  readonly cached: readonly CachedFile[];
  /** A caller that asks for a port wants a server there, whatever address the environment gives. */
  readonly ignoreAddress: boolean;
}

/** The outside world as `chooseSource` sees it. */
export interface Lookups {
  variable(name: string): string | undefined;
  onPath(command: string): string | undefined;
  isFile(file: string): boolean;
}

/** Address from the environment, then a binary on PATH, then the project's cache; otherwise it must be acquired. */
export function chooseSource(recipe: Recipe, lookups: Lookups): Source {
  const address = recipe.ignoreAddress ? undefined : lookups.variable(recipe.addressVariable);
  if (address) return { kind: 'environment', address };
  const onPath = lookups.onPath(recipe.command);
  if (onPath) return { kind: 'path', file: onPath };
  const cached = recipe.cached.find(({ file, marker }) => lookups.isFile(file) && (!marker || lookups.isFile(marker)));
  return cached ? { kind: 'cache', file: cached.file } : { kind: 'acquire' };
}

/** Lookups in the real world. */
export function systemLookups(env: NodeJS.ProcessEnv): Lookups {
  return {
    variable: (name) => env[name],
    onPath: (command) => findOnPath(command, env['PATH'] ?? ''),
    isFile,
  };
}

function findOnPath(command: string, searchPath: string): string | undefined {
  const folders = searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return folders.map((folder) => path.join(folder, command)).find((file) => isFile(file) && isExecutable(file));
}

/** What cannot be looked at (a folder of another user on PATH, a link to itself) is not there. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
