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
  return path.startsWith('file:') ? fileURLToPath(path) : resolve(path);
}
