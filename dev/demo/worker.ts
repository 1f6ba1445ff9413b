/** A worker process of the demo: the consumer of consumer.ts, with a journal around its handler. */
import { once } from 'node:events';
import { createWorker, type Batch, type ConsumerDefinition, type HandlerContext } from '../../src';
import consumer from './consumer';
import { appendToJournal } from './worker-journal';
import type { WorkerMessage } from './worker-process';

async function main(journal: string | undefined): Promise<void> {
  if (!journal || !process.send) throw new Error('This program is started by the demo');
  // However the demo ends, its workers end, too.
  process.once('disconnect', () => process.exit(1));
  const worker = await createWorker([withJournal(consumer, journal)]);
  process.send('ready');
  await worker.run();
}

function withJournal(definition: ConsumerDefinition, journal: string): ConsumerDefinition {
  const halt = new HaltInBatch();
  let batches = 0;
  const handler = async (batch: Batch, context: HandlerContext): Promise<void> => {
    const number = ++batches;
    const { shardId, records } = batch;
    const sequenceNumbers = records.map(({ sequenceNumber }) => sequenceNumber);
    const half = Math.floor(records.length / 2);
    appendToJournal(journal, { kind: 'begin', batch: number, atMs: Date.now(), shardId, sequenceNumbers });
    if (halt.isWanted && half > 0) {
      await definition.handler({ ...batch, records: records.slice(0, half) }, context);
      appendToJournal(journal, { kind: 'half', batch: number, records: half });
      await halt.isOver();
    }
    await definition.handler(batch, context);
    appendToJournal(journal, { kind: 'end', batch: number });
  };
  return { ...definition, handler };
}

/** Lets the demo kill this process at the worst moment: half of a batch has taken effect, and nothing of it is committed. */
class HaltInBatch {
  isWanted = false;

  constructor() {
    process.on('message', (message: WorkerMessage) => (this.isWanted = message === 'halt'));
  }

  async isOver(): Promise<void> {
    while (this.isWanted) await once(process, 'message');
  }
}

main(process.env.DEMO_JOURNAL).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
