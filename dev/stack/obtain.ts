import { errorText } from './error-text';
import { type Source } from './sources';
import { type ServerOrigin } from './server';

/** A way to get a program that is neither on PATH nor in the cache yet. */
export interface Acquirer {
  readonly origin: ServerOrigin;
  readonly title: string;
  readonly acquire: () => Promise<string>;
}

export interface Program {
  readonly origin: ServerOrigin;
  readonly file: string;
}

/** The program of a source that is not an address. Tries the acquirers in turn; rejects with what each one said. */
export async function obtainProgram(
  source: Exclude<Source, { kind: 'environment' }>,
  acquirers: readonly Acquirer[],
  advice: string,
  onProgress: (line: string) => void = () => {},
): Promise<Program> {
  if (source.kind !== 'acquire') return { origin: source.kind, file: source.file };
  const problems: string[] = [];
  for (const { origin, title, acquire } of acquirers) {
    onProgress(`installing ${title} into .cache (once)`);
    try {
      return { origin, file: await acquire() };
    } catch (error) {
      problems.push(`  ${title}: ${errorText(error)}`);
    }
  }
  throw new Error(`cannot get a server:\n${problems.join('\n')}\n${advice}`);
}
