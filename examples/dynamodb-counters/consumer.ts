/**
 * Counts flights and minutes of delay per airport, exactly once. The handler writes nothing itself: it returns the writes, and they are made
 * in one DynamoDB transaction with the checkpoint, or not at all.
 *
 * The table is yours, in the account and region of the checkpoint table; its partition key is the string `airport`.
 */
import { defineConsumer, type TransactResult } from 'tidemark';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

const TableName = process.env.COUNTERS_TABLE ?? 'airports';

export default defineConsumer({
  name: 'airport-counters',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  // A transaction has room for 99 items. A batch that needs more is cut and handled again, so the handler must have no other effect.
  maxBatchRecords: 500,
  handler: ({ records }): TransactResult => {
    // One write per airport: a transaction may not have two on one item.
    const airports = new Map<string, { flights: number; minutes: number }>();
    for (const record of records) {
      const { origin, delay } = record.json<Flight>();
      const { flights, minutes } = airports.get(origin) ?? { flights: 0, minutes: 0 };
      airports.set(origin, { flights: flights + 1, minutes: minutes + delay });
    }
    return {
      transact: [...airports].map(([airport, { flights, minutes }]) => ({
        Update: {
          TableName,
          Key: { airport: { S: airport } },
          UpdateExpression: 'ADD flights :flights, minutes :minutes',
          ExpressionAttributeValues: { ':flights': { N: String(flights) }, ':minutes': { N: String(minutes) } },
        },
      })),
    };
  },
});
