import { defineConsumer, eachRecord } from 'tidemark';

interface Flight {
  readonly origin: string;
  readonly destination: string;
  readonly delay: number;
}

/** Up to 8 flights of a batch at the same time, those of one origin (the partition key) one after the other, in order. */
export default defineConsumer({
  name: 'late-flights',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  maxBatchRecords: 100,
  handler: eachRecord(
    async (record) => {
      const { origin, destination, delay } = record.json<Flight>();
      if (delay <= 60) return;
      // A record may come again after a crash: write what it causes under this key, and the second time changes nothing.
      console.log(`${record.idempotencyKey}: ${origin}-${destination} is ${delay} minutes late`);
    },
    { concurrency: 8 },
  ),
});
