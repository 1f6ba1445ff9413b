/** Reads page after page, one at a time: with the AWS SDK alone, or with Tidemark's adapter on either wire. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { GetRecordsCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../dev/stack/pins';
import { createKinesisClient } from '../../src/aws/clients';
import { AwsKinesis } from '../../src/kinesis/aws-kinesis';
import type { DecodeOrder } from './messages';
import { obeyParent, readOrder, tellParent } from './parent';
import { Stopwatch } from './stopwatch';

// For every contestant alike.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const order = readOrder<DecodeOrder>();
/** Far from the end of the canned shard. */
const ITERATOR = '0:0';
const NS_PER_MS = 1e6;

interface ReadRecords {
  readonly records: readonly { readonly data: Uint8Array }[];
  /** A consumer does so once they are committed. */
  readonly memory?: { giveBack(): void };
}

type ReadPage = () => Promise<ReadRecords>;

function createReader({ reader, endpoint, pageRecords }: DecodeOrder): ReadPage {
  if (reader !== 'sdk') {
    const aws = { region: LOCAL_REGION, kinesisEndpoint: endpoint, credentials: LOCAL_CREDENTIALS };
    const kinesis = new AwsKinesis(createKinesisClient(aws), { wire: reader });
    return async () => kinesis.getRecords({ streamName: 'bench' }, ITERATOR, pageRecords);
  }
  const agents = { httpAgent: new Agent({ keepAlive: true }), httpsAgent: new TlsAgent({ keepAlive: true }) };
  const client = new KinesisClient({
    endpoint,
    region: LOCAL_REGION,
    credentials: LOCAL_CREDENTIALS,
    requestHandler: new NodeHttpHandler(agents),
  });
  return async () => {
    const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator: ITERATOR, Limit: pageRecords }));
    return { records: Records.map(({ Data }) => ({ data: Data ?? new Uint8Array() })) };
  };
}

async function read(readPage: ReadPage, pages: number): Promise<{ records: number; bytes: number }> {
  const total = { records: 0, bytes: 0 };
  for (let page = 0; page < pages; page += 1) {
    const { records, memory } = await readPage();
    for (const { data } of records) {
      total.records += 1;
      total.bytes += data.byteLength;
    }
    memory?.giveBack();
  }
  return total;
}

async function run(): Promise<void> {
  const readPage = createReader(order);
  await read(readPage, order.warmUpPages);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const stopwatch = new Stopwatch();
  const { records, bytes } = await read(readPage, order.pages);
  const { cpuMs, wallMs, peakRssMb } = stopwatch.read();
  delay.disable();
  if (records !== order.pages * order.pageRecords) throw new Error(`read ${records} records`);
  const figures = {
    recordsPerCpuSecond: records / (cpuMs / 1_000),
    recordsPerSecond: records / (wallMs / 1_000),
    cpuMsPerPage: cpuMs / order.pages,
    megabytesPerCpuSecond: bytes / 1e6 / (cpuMs / 1_000),
    // The timer itself asks to be called after 1 ms.
    loopBlockedP99Ms: delay.percentile(99) / NS_PER_MS - 1,
    loopBlockedMaxMs: delay.max / NS_PER_MS - 1,
    peakRssMb,
  };
  tellParent({ kind: 'figures', figures });
}

obeyParent(({ kind }) => {
  if (kind === 'go')
    run().catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  if (kind === 'stop') process.exit(0);
});
tellParent({ kind: 'ready' });
