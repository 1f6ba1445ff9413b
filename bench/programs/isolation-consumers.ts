/** The handlers of the benchmark `isolation`. */
import { createHash } from 'node:crypto';
import { defineConsumer, type BatchHandler } from 'tidemark';

const handlers: Record<string, BatchHandler> = {
  /** Looks at the sizes only. */
  trivial: ({ records }) => {
    let bytes = 0;
    for (const { data } of records) bytes += data.byteLength;
    if (bytes === 0) throw new Error('No data');
  },
  'parses JSON': ({ records }) => {
    let delay = 0;
    for (const record of records) delay += record.json<{ delay: number }>().delay;
    if (delay === 0) throw new Error('No data');
  },
  /** Some 50 to 100 ms per batch of 1,000 records of 1 KB. */
  'heavy on CPU': ({ records }) => {
    for (const { data } of records)
      for (let round = 0; round < 20; round += 1) createHash('sha256').update(data).digest();
  },
};

export const HANDLERS = Object.keys(handlers);

export default Object.entries(handlers).flatMap(([name, handler]) =>
  defineConsumer({
    name: name.replaceAll(' ', '-'),
    stream: 'bench',
    startFrom: 'LATEST',
    isolation: 'thread',
    file: __filename,
    handler,
  }),
);
