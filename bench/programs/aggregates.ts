/** What it costs to open KPL aggregates: Tidemark's reader, and AWS's. No servers. */
import { aggregate } from '../../src/kinesis/aggregate';
import { HashRange } from '../../src/kinesis/hash-range';
import type { RawRecord } from '../../src/kinesis/kinesis-port';
import { openAggregates } from '../../src/kinesis/open-aggregates';
import { theirUserRecords } from '../../test/support/aws-kinesis-agg';
import type { AggregatesOrder } from './messages';
import { obeyParent, readOrder, tellParent } from './parent';
import { Stopwatch } from './stopwatch';

const PAGE_AGGREGATES = 20;
const PARTITION_KEYS = 100;
const MEGABYTE = 2 ** 20;

const order = readOrder<AggregatesOrder>();

obeyParent(({ kind }) => {
  if (kind === 'go') run();
  if (kind === 'stop') process.exit(0);
});
tellParent({ kind: 'ready' });

function run(): void {
  const page = pageOf(order);
  const open = openerOf(order.subject, page);
  runFor(open, order.warmUpMs);
  const stopwatch = new Stopwatch();
  const records = runFor(open, order.measuredMs);
  const { wallMs, cpuMs } = stopwatch.read();
  const megabytes = (records * order.recordBytes) / MEGABYTE;
  tellParent({
    kind: 'figures',
    figures: {
      userRecordsPerCpuSecond: records / (cpuMs / 1_000),
      megabytesPerCpuSecond: megabytes / (cpuMs / 1_000),
      userRecordsPerSecond: records / (wallMs / 1_000),
    },
  });
}

/** User records that were opened in the time. */
function runFor(open: () => number, ms: number): number {
  const endMs = performance.now() + ms;
  let records = 0;
  while (performance.now() < endMs) records += open();
  return records;
}

function openerOf(subject: AggregatesOrder['subject'], page: readonly RawRecord[]): () => number {
  if (subject === 'aws-kinesis-agg')
    return () => page.reduce((sum, { data }) => sum + theirUserRecords(data as Buffer).length, 0);
  const range = subject === 'hash range' ? new HashRange(1n, 2n ** 128n - 1n) : undefined;
  return () => openAggregates(page, { range, onLeftOut: () => undefined }).length;
}

/** Aggregates one behind the other, as the decoder of pages leaves them. */
function pageOf({ recordBytes, aggregateBytes }: AggregatesOrder): RawRecord[] {
  const data = Buffer.alloc(recordBytes, 'x');
  const count = Math.floor(aggregateBytes / (recordBytes + 10));
  const [entry] = aggregate(
    Array.from({ length: count }, (_, index) => ({ partitionKey: `key-${index % PARTITION_KEYS}`, data })),
    { shards: [{ HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) } }] },
  );
  const bytes = entry?.Data ?? Buffer.alloc(0);
  const block = Buffer.alloc(bytes.length * PAGE_AGGREGATES);
  return Array.from({ length: PAGE_AGGREGATES }, (_, index) => {
    block.set(bytes, index * bytes.length);
    return {
      sequenceNumber: `4959033827149025660855969253836157109592157598913658${index}`,
      partitionKey: 'key-0',
      data: block.subarray(index * bytes.length, (index + 1) * bytes.length),
      arrivalMs: index,
    };
  });
}
