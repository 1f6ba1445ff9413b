import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TidemarkError } from '../core/errors';
import type { ConsumerDefinition } from '../handler/define-consumer';

const files = new WeakMap<ConsumerDefinition, string>();

/** The command line knows where it has loaded a consumer from. */
export function rememberFile(consumer: ConsumerDefinition, path: string): void {
  files.set(consumer, path);
}

/** Absolute path of the file that a handler's thread loads. @throws `INVALID_OPTION` if nobody has said it */
export function fileOf(consumer: ConsumerDefinition): string {
  const { file, name } = consumer.options;
  const path = file ?? files.get(consumer);
  if (path === undefined) {
    throw new TidemarkError('INVALID_OPTION', `Nobody has said in which file the consumer ${name} is`, {
      hint: "`isolation: 'thread'` needs `file`: usually `__filename` or `import.meta.url` of the file that exports the consumer as its default.",
    });
  }
  return absolute(path);
}

function absolute(path: string): string {
  return path.startsWith('file:') ? fileURLToPath(path) : resolve(path);
}

/** What runs in this process: path and SHA-256 of each consumer's file, where it is known. What the file imports is not part of it. */
export function describeFiles(consumers: readonly ConsumerDefinition[]): string[] {
  return consumers.flatMap((consumer) => {
    const path = consumer.options.file ?? files.get(consumer);
    return path === undefined
      ? []
      : `Consumer ${consumer.options.name} is ${absolute(path)}, SHA-256 ${hashOf(absolute(path))}`;
  });
}

function hashOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    return `unknown: the file cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
}
