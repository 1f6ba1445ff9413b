/**
 * Writes late flights to PostgreSQL, effectively once. One statement, so one transaction, does three things:
 *
 * - it remembers the fence of the shard's worker, and does nothing if a later worker has been here: a worker that was frozen, and does
 *   not know that it has lost the shard, cannot write any more;
 * - it inserts each flight under the idempotency key of its record, so that a second delivery changes nothing;
 * - it counts a flight per airport only if its row is new.
 */
import { PGlite } from '@electric-sql/pglite';
import { defineConsumer, type KinesisRecord } from 'tidemark';
import { SAVE_FLIGHTS } from './sql';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

/** What is used of a database. A `Pool` of `pg` has it, too. */
interface Database {
  query<Row>(text: string, values: unknown[]): Promise<{ rows: Row[] }>;
}

let opened: PGlite | undefined;

/** PostgreSQL inside this process, so that the example runs as it is. For yours: a `new Pool()` of `pg`, and the tables of `sql.ts`. */
export function database(): PGlite {
  opened ??= new PGlite(process.env.FLIGHTS_FOLDER ?? 'memory://');
  return opened;
}

export default defineConsumer({
  name: 'flights-to-postgres',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  maxBatchRecords: 500,
  handler: async ({ records, shardId }, { fence }) => {
    const isMine = await save(database(), { shardId, fence, records });
    // The batch fails here and is not committed: the later worker handles it.
    if (!isMine) throw new Error(`A later worker has shard ${shardId}: its fence is larger than ${fence}`);
  },
});

async function save(
  to: Database,
  { shardId, fence, records }: { shardId: string; fence: number; records: readonly KinesisRecord[] },
): Promise<boolean> {
  const late = records
    .map((record) => ({ key: record.idempotencyKey, ...record.json<Flight>() }))
    .filter(({ delay }) => delay > 60);
  const { rows } = await to.query<{ owned: boolean }>(SAVE_FLIGHTS, [
    shardId,
    fence,
    late.map(({ key }) => key),
    late.map(({ origin }) => origin),
    late.map(({ delay }) => delay),
  ]);
  return rows[0]?.owned === true;
}
