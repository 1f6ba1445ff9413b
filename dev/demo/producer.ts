import { PutRecordsCommand, type KinesisClient, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flight } from './flights';
import { STREAM } from './names';

const RECORDS_PER_CALL = 250;
const MOST_ATTEMPTS = 10;

/** Where Kinesis put a record: `<shard id>/<sequence number>`. */
export type RecordPlace = string;

/** Puts flights in their order, keyed by origin, and tells after each call where they are. */
export async function putFlights(
  kinesis: KinesisClient,
  flights: readonly Flight[],
  onPut: (places: RecordPlace[]) => void,
): Promise<void> {
  for (let start = 0; start < flights.length; start += RECORDS_PER_CALL) {
    await putAll(kinesis, flights.slice(start, start + RECORDS_PER_CALL).map(toEntry), onPut);
  }
}

function toEntry(flight: Flight): PutRecordsRequestEntry {
  return { PartitionKey: flight.origin, Data: Buffer.from(JSON.stringify(flight)) };
}

/** Kinesis may take some records of a call and refuse others. */
async function putAll(
  kinesis: KinesisClient,
  entries: readonly PutRecordsRequestEntry[],
  onPut: (places: RecordPlace[]) => void,
): Promise<void> {
  let left = entries;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const { Records = [] } = await kinesis.send(new PutRecordsCommand({ StreamName: STREAM, Records: [...left] }));
    onPut(
      Records.flatMap(({ ShardId, SequenceNumber }) =>
        SequenceNumber === undefined ? [] : [`${ShardId}/${SequenceNumber}`],
      ),
    );
    left = left.filter((_, index) => Records[index]?.SequenceNumber === undefined);
    if (left.length === 0) return;
    await sleep(attempt * 100);
  }
  throw new Error(`Kinesis has refused ${left.length} records ${MOST_ATTEMPTS} times`);
}
