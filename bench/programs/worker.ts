/** A Tidemark worker under test. Its handler does next to nothing, so that what is measured is Tidemark. */
import { subscribe } from 'node:diagnostics_channel';
import { createWorker, defineConsumer, type Batch } from '../../src';
import type { CommittedMessage } from '../../src/activities/diagnostics';
import { boundHeapGrowth } from '../../src/worker/heap-growth';
import type { WorkerOrder } from './messages';
import { obeyParent, readOrder, tellParent } from './parent';
import { Stopwatch } from './stopwatch';

const order = readOrder<WorkerOrder>();
const processClock = new Stopwatch();
let span: Stopwatch | undefined;
let firstHandledNs: bigint | undefined;
let latenciesMs: number[] = [];
const counts = { records: 0, bytes: 0, commits: 0, claims: 0 };

async function main(): Promise<void> {
  // As the command line does.
  boundHeapGrowth();
  watchCheckpoints();
  const consumer = defineConsumer({ ...order.consumer, handler });
  const worker = await createWorker([consumer], { temporal: { address: order.temporalAddress, namespace: 'default' } });
  obeyParent(({ kind }) => {
    if (kind === 'sample') sendSample();
    if (kind === 'stop') worker.shutdown();
  });
  tellParent({ kind: 'ready' });
  await worker.run();
  process.exit(0);
}

async function handler({ records }: Batch): Promise<void> {
  firstHandledNs ??= process.hrtime.bigint();
  for (const { byteLength } of records) counts.bytes += byteLength;
  if (order.isTimed) noteLatencies(records);
}

function noteLatencies(records: Batch['records']): void {
  const now = process.hrtime.bigint();
  for (const record of records) {
    const { putNs } = record.json<{ putNs: string }>();
    latenciesMs.push(Number(now - BigInt(putNs)) / 1e6);
  }
}

function watchCheckpoints(): void {
  subscribe('tidemark:claimed', () => {
    counts.claims += 1;
    span ??= new Stopwatch();
  });
  subscribe('tidemark:committed', (message) => {
    counts.commits += 1;
    counts.records += (message as CommittedMessage).records;
    if (counts.records === order.expectedRecords) endSpan();
  });
}

function endSpan(): void {
  if (!span || firstHandledNs === undefined) throw new Error('records were committed before a claim and a batch');
  tellParent({ kind: 'span', span: { ...counts, ...span.read(), firstHandledNs: String(firstHandledNs) } });
}

function sendSample(): void {
  const { records, commits } = counts;
  const { cpuMs } = processClock.read();
  const rssMb = process.memoryUsage.rss() / 1_048_576;
  tellParent({
    kind: 'sample',
    sample: { atNs: String(process.hrtime.bigint()), cpuMs, rssMb, records, commits, latenciesMs },
  });
  latenciesMs = [];
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
