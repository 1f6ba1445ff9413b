import * as tidemark from '../index';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { rememberFile } from './consumer-file';
import { loadFile } from './load-file';

/**
 * The consumers of a consumer file: its default export, one or an array of them. Loading runs the file.
 *
 * TypeScript needs no build: types are removed, not checked. In a project that does not have `tidemark` installed, the file's
 * `import … from 'tidemark'` gets this very package.
 * @throws `INVALID_CONSUMER_FILE`, or what `defineConsumer` throws
 */
export async function loadConsumers(file: string): Promise<ConsumerDefinition[]> {
  const { consumers, path } = await loadFile(file, { tidemark });
  for (const consumer of consumers) rememberFile(consumer, path);
  return consumers;
}

/** As `loadConsumers`, for several files; a file may be named twice. */
export async function loadConsumerFiles(files: readonly string[]): Promise<ConsumerDefinition[]> {
  const consumers: ConsumerDefinition[] = [];
  for (const file of new Set(files)) consumers.push(...(await loadConsumers(file)));
  return consumers;
}
