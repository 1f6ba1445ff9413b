import { BatchFailedError, type HandlerRunner, type RunOutcome, type RunRequest } from '../handler/handler-runner';
import { handlerRunChannel, type HandlerRunMessage } from './diagnostics';

/** A runner that tells of each run: how long, how much, and how it ended. */
export function watchedRunner(runner: HandlerRunner): HandlerRunner {
  return {
    run: (request) => (handlerRunChannel.hasSubscribers ? runWatched(runner, request) : runner.run(request)),
    close: () => runner.close(),
  };
}

async function runWatched(runner: HandlerRunner, request: RunRequest): Promise<RunOutcome> {
  const { shard, records, redrive } = request;
  // Before the run: a thread may take the payloads for good.
  const bytes = records.reduce((sum, { data }) => sum + data.byteLength, 0);
  const beganAt = performance.now();
  const tell = (outcome: HandlerRunMessage['outcome']): void =>
    handlerRunChannel.publish({
      shard,
      outcome,
      records: records.length,
      bytes,
      durationMs: performance.now() - beganAt,
      redrive,
    } satisfies HandlerRunMessage);
  try {
    const result = await runner.run(request);
    tell(result.failed.length + result.rejected.length > 0 ? 'partial' : 'handled');
    return result;
  } catch (error) {
    tell(error instanceof BatchFailedError ? error.kind : 'lost');
    throw error;
  }
}
