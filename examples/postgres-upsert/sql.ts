export const CREATE_TABLES = `
  CREATE TABLE IF NOT EXISTS shard_fences (shard_id text PRIMARY KEY, fence bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS late_flights (record_key text PRIMARY KEY, airport text NOT NULL, minutes integer NOT NULL);
  CREATE TABLE IF NOT EXISTS airports (airport text PRIMARY KEY, flights bigint NOT NULL, minutes bigint NOT NULL);
`;

/**
 * Parameters: shard, fence, and one array each of record keys, airports and minutes. One row: `owned` is false if a larger fence was seen
 * before; then nothing was written. The row of the fence is locked until the end, so that two workers take turns.
 *
 * A table of fences belongs to one consumer of one stream: shard ids repeat in other streams.
 */
export const SAVE_FLIGHTS = `
  WITH mine AS (
    INSERT INTO shard_fences AS seen VALUES ($1, $2)
    ON CONFLICT (shard_id) DO UPDATE SET fence = excluded.fence WHERE seen.fence <= excluded.fence
    RETURNING fence
  ), added AS (
    INSERT INTO late_flights
    SELECT * FROM unnest($3::text[], $4::text[], $5::integer[]) WHERE EXISTS (SELECT FROM mine)
    ON CONFLICT (record_key) DO NOTHING
    RETURNING airport, minutes
  ), counted AS (
    INSERT INTO airports AS sum
    SELECT airport, count(*), sum(minutes) FROM added GROUP BY airport
    ON CONFLICT (airport) DO UPDATE SET flights = sum.flights + excluded.flights, minutes = sum.minutes + excluded.minutes
  )
  SELECT EXISTS (SELECT FROM mine) AS owned
`;
