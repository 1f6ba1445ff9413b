/** Entry of a handler's thread: loads the consumer file again and serves the runs of one of its consumers. */
import Module from 'node:module';
import { workerData } from 'node:worker_threads';
import { TidemarkError } from '../core/errors';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { FromThread } from '../handler/thread/messages';
import { serveRuns } from '../handler/thread/serve-runs';
import { loadFile } from './load-file';
import type { HandlerThreadData } from './start-handler-thread';
import { threadApi } from './thread-api';

const data = workerData as HandlerThreadData;

async function loadConsumer({
  file,
  consumer,
  streamName,
  cacheFolder,
}: HandlerThreadData): Promise<ConsumerDefinition> {
  const { consumers } = await loadFile(file, { tidemark: threadApi, cacheFolder });
  const found = consumers.find(({ options }) => options.name === consumer && options.streamName === streamName);
  if (found) return found;
  const hint = 'Names must not depend on anything that differs from one loading of the file to the next.';
  throw new TidemarkError(
    'INVALID_CONSUMER_FILE',
    `The file does not export the consumer ${consumer} of stream ${streamName}`,
    { context: { file }, hint },
  );
}

/** A file that finds this package with `import` or `require` gets its light part, too. */
function replaceIndex(): void {
  const path = require.resolve('../index');
  const index = new Module(path);
  require.cache[path] = Object.assign(index, { filename: path, loaded: true, exports: threadApi });
}

replaceIndex();
loadConsumer(data).then(
  (definition) => serveRuns(data.port, definition),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    data.port.postMessage({ kind: 'unloadable', message } satisfies FromThread);
  },
);
