/**
 * Hands records to the example with PostgreSQL and prints what it has written after each delivery, as a JSON object. A program of its own,
 * because PGlite imports modules in a way that jest cannot follow.
 */
import consumer, { database } from '../../../examples/postgres-upsert/consumer';
import { CREATE_TABLES } from '../../../examples/postgres-upsert/sql';
import { deliver, SHARD } from './deliveries';

const flights = [
  { origin: 'ORD', delay: 61 },
  { origin: 'JFK', delay: 5 },
  { origin: 'ORD', delay: 100 },
];
const more = [...flights, { origin: 'LAX', delay: 90 }];

const deliveries: Readonly<Record<string, () => Promise<unknown>>> = {
  first: () => deliver(consumer, flights, { fence: 5 }),
  again: () => deliver(consumer, flights, { fence: 5, attempt: 2 }),
  laterWorkerWithOneMore: () => deliver(consumer, more, { fence: 6 }),
  frozenWorker: () => deliver(consumer, [...more, { origin: 'SFO', delay: 70 }], { fence: 5 }),
  redrive: () => deliver(consumer, flights, { fence: 6, redrive: true }),
  sameWorker: () => deliver(consumer, flights, { fence: 6 }),
  otherShard: () => deliver(consumer, flights, { fence: 1, shard: { ...SHARD, shardId: 'shardId-000000000001' } }),
  nothingLate: () => deliver(consumer, [{ origin: 'SFO', delay: 1 }], { fence: 7 }),
};

async function main(): Promise<void> {
  await database().exec(CREATE_TABLES);
  const seen: [string, unknown][] = [];
  for (const [name, delivery] of Object.entries(deliveries)) {
    const isRefused = await delivery().then(
      () => false,
      () => true,
    );
    const { rows } = await database().query<{ airport: string; flights: number; minutes: number }>(
      'SELECT airport, flights, minutes FROM airports ORDER BY airport',
    );
    seen.push([
      name,
      { isRefused, airports: rows.map((row) => [row.airport, Number(row.flights), Number(row.minutes)]) },
    ]);
  }
  await database().close();
  console.log(JSON.stringify(Object.fromEntries(seen)));
}

void main();
