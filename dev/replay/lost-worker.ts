/** A worker process for the scenario in which a worker dies. Its consumer comes as JSON; the crash point by the usual variables. */
import { createWorker, defineConsumer, type BatchHandler, type ConsumerOptions } from '../../src';

export const LOST_WORKER_VARIABLE = 'TIDEMARK_REPLAY_CONSUMER';
/** The text of a record that kills it. */
export const KILLING_RECORD_VARIABLE = 'TIDEMARK_REPLAY_KILLING_RECORD';

const dying: BatchHandler = ({ records }) => {
  const killing = process.env[KILLING_RECORD_VARIABLE];
  if (records.some((record) => record.text() === killing)) process.kill(process.pid, 'SIGKILL');
};

async function main(): Promise<void> {
  const options = JSON.parse(process.env[LOST_WORKER_VARIABLE] ?? '') as ConsumerOptions;
  const worker = await createWorker([defineConsumer({ ...options, handler: dying })]);
  await worker.run();
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
