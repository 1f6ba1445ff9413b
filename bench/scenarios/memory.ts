import { Child } from '../measure/child';
import { resultOf, type Result, type Run } from '../measure/result';
import type { ServerOrder, WorkerSpan } from '../programs/messages';
import type { BenchContext } from './bench-context';
import { RUN_LIMIT_MS } from './span-figures';
import { startWorker } from './tidemark-run';

const SHARDS = 64;
const RECORD_BYTES = 1_024 * 1_024;
const RECORDS_PER_SHARD = 20;
const HEAP_MB = 512;

/** 64 shards that all have full pages of 10 MB, read by one process under a heap of 512 MiB. */
export async function memory(context: BenchContext): Promise<Result[]> {
  const order: ServerOrder = { shards: SHARDS, recordsPerShard: RECORDS_PER_SHARD, recordBytes: RECORD_BYTES };
  const { child: kinesis, endpoint = '' } = await Child.start({ program: 'servers/canned-kinesis.ts', order });
  const consumer = context.newConsumer({ kinesis: endpoint });
  const expectedRecords = SHARDS * RECORDS_PER_SHARD;
  const worker = await startWorker(context, { consumer, expectedRecords }, [`--max-old-space-size=${HEAP_MB}`]);
  try {
    const ended = worker.next('span', RUN_LIMIT_MS);
    ended.catch(() => undefined);
    await context.startConsumer(consumer);
    const span = (await ended).span as WorkerSpan;
    const run: Run = {
      records: span.records,
      megabytes: span.bytes / 1e6,
      megabytesPerSecond: span.bytes / 1e3 / span.wallMs,
      peakRssMb: span.peakRssMb,
    };
    const parameters = {
      shards: SHARDS,
      recordBytes: RECORD_BYTES,
      recordsPerShard: RECORDS_PER_SHARD,
      heapMb: HEAP_MB,
    };
    return [resultOf({ bench: 'memory', subject: `${SHARDS} shards of 10 MB pages`, parameters }, [run])];
  } finally {
    await context.stopConsumer(consumer);
    await worker.stop();
    await kinesis.stop();
  }
}
