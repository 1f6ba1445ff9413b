/** A worker process for the scenario in which a worker dies. Its consumer comes as JSON; the crash point by the usual variables. */
import { createWorker, defineConsumer, type ConsumerOptions } from '../../src';

export const LOST_WORKER_VARIABLE = 'TIDEMARK_REPLAY_CONSUMER';

async function main(): Promise<void> {
  const options = JSON.parse(process.env[LOST_WORKER_VARIABLE] ?? '') as ConsumerOptions;
  const worker = await createWorker([defineConsumer({ ...options, handler: () => undefined })]);
  await worker.run();
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
