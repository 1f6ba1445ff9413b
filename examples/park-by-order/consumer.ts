/**
 * Events of orders; the partition key is the order. An order whose event cannot be handled waits, with everything that comes for it later,
 * while all other orders go on. Nothing of it is skipped, and its events keep their order.
 *
 * `npx tidemark status` shows that something is parked; `npx tidemark retry` tries it again, `npx tidemark skip` gives one event up.
 */
import { defineConsumer, eachRecord } from 'tidemark';

const SHOP = process.env.SHOP_URL ?? 'https://shop.example';

export default defineConsumer({
  name: 'order-events',
  stream: 'orders',
  startFrom: 'TRIM_HORIZON',
  onFailure: {
    then: 'park',
    parkBy: 'partitionKey',
    // About a minute of attempts, then the order is parked. It is tried again every hour, or when somebody says so.
    maxAttempts: 7,
    parkForMs: 3_600_000,
    // More orders than this in trouble at the same time is an outage: then the shard as a whole waits.
    maxParkedKeys: 50,
  },
  // Records of one partition key are handled one after the other; behind one that fails, none of the same key is begun.
  handler: eachRecord(
    async (record, { signal }) => {
      // The key makes a second delivery of an event harmless: PUT writes the same thing again.
      const url = `${SHOP}/orders/${record.partitionKey}/events/${record.idempotencyKey}`;
      const answer = await fetch(url, { method: 'PUT', body: record.text(), signal });
      if (!answer.ok) throw new Error(`The shop answered ${answer.status}`);
    },
    { concurrency: 10 },
  ),
});
