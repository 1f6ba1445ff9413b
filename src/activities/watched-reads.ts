import { codeOf } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import type { KinesisPort } from '../kinesis/kinesis-port';
import type { PageReader, ReadResult } from '../kinesis/shard-reader';
import { traceFetch } from './traces';
import { kinesisFailedChannel, pageReadChannel, type KinesisFailedMessage, type PageReadMessage } from './diagnostics';

type ShardCalls = Pick<KinesisPort, 'getRecords' | 'getShardIterator'>;

/** The calls that a reader of this shard makes, with a message for each that fails. */
export function watchedKinesis(kinesis: KinesisPort, shard: ShardIdentity): KinesisPort {
  const watched = async <T>(operation: keyof ShardCalls, call: Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      const code = codeOf(error) ?? 'INTERNAL';
      // A call that was given up has not failed.
      if (!signal?.aborted) kinesisFailedChannel.publish({ shard, operation, code } satisfies KinesisFailedMessage);
      throw error;
    }
  };
  return {
    describeStream: (stream) => kinesis.describeStream(stream),
    listShards: (stream) => kinesis.listShards(stream),
    getShardIterator: (...args) => watched('getShardIterator', kinesis.getShardIterator(...args)),
    getRecords: (...args) => watched('getRecords', traceFetch(shard, kinesis.getRecords(...args), args[3]), args[3]),
  };
}

/** A reader that tells of each page. */
export function watchedReader(reader: PageReader, shard: ShardIdentity): PageReader {
  return {
    read: async (signal) => {
      const result = await reader.read(signal);
      if (pageReadChannel.hasSubscribers) pageReadChannel.publish(describePage(shard, result));
      return result;
    },
    untilDue: (signal) => reader.untilDue?.(signal),
  };
}

function describePage(shard: ShardIdentity, { records, millisBehindLatest }: ReadResult): PageReadMessage {
  const page = { shard, records: records.length, millisBehindLatest };
  const [first] = records;
  const last = records.at(-1);
  if (first === undefined || last === undefined) return page;
  return { ...page, firstArrivalMs: first.arrivalMs, lastSequenceNumber: last.sequenceNumber };
}
