/** A worker process of the demo: the consumer of consumer.ts, with a journal around its handler. */
import { createWorker, type Batch, type ConsumerDefinition, type HandlerContext } from '../../src';
import consumer from './consumer';
import { appendToJournal } from './worker-journal';

async function main(journal: string | undefined): Promise<void> {
  if (!journal || !process.send) throw new Error('This program is started by the demo');
  // However the demo ends, its workers end, too.
  process.once('disconnect', () => process.exit(1));
  const worker = await createWorker([withJournal(consumer, journal)]);
  process.send('ready');
  await worker.run();
}

function withJournal(definition: ConsumerDefinition, journal: string): ConsumerDefinition {
  let batches = 0;
  const handler = async (batch: Batch, context: HandlerContext): Promise<void> => {
    const number = ++batches;
    const sequenceNumbers = batch.records.map(({ sequenceNumber }) => sequenceNumber);
    appendToJournal(journal, {
      kind: 'begin',
      batch: number,
      atMs: Date.now(),
      shardId: batch.shardId,
      sequenceNumbers,
    });
    await definition.handler(batch, context);
    appendToJournal(journal, { kind: 'end', batch: number });
  };
  return { ...definition, handler };
}

main(process.env.DEMO_JOURNAL).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
