/** The loop that Tidemark is measured against: one GetRecords loop per shard with the AWS SDK, no checkpoints, no retries of its own. */
import { Agent } from 'node:http';
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient, ListShardsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../dev/stack/pins';
import type { LoopOrder } from './messages';
import { obeyParent, readOrder, tellParent } from './parent';
import { Stopwatch } from './stopwatch';

interface Counter {
  records: number;
  bytes: number;
}

const order = readOrder<LoopOrder>();
const client = new KinesisClient({
  endpoint: order.endpoint,
  region: LOCAL_REGION,
  credentials: LOCAL_CREDENTIALS,
  requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true }) }),
});

obeyParent(({ kind }) => {
  if (kind === 'go') run().catch(fail);
  if (kind === 'stop') process.exit(0);
});
tellParent({ kind: 'ready' });

async function run(): Promise<void> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: order.stream }));
  const total: Counter = { records: 0, bytes: 0 };
  const stopwatch = new Stopwatch();
  await Promise.all(Shards.map(({ ShardId }) => readShard(ShardId, total)));
  if (total.records !== order.expectedRecords)
    throw new Error(`read ${total.records} of ${order.expectedRecords} records`);
  tellParent({ kind: 'span', span: { ...total, ...stopwatch.read() } });
}

async function readShard(shardId: string | undefined, total: Counter): Promise<void> {
  const start = { StreamName: order.stream, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
  let { ShardIterator: iterator } = await client.send(new GetShardIteratorCommand(start));
  while (iterator) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: order.pageLimit }));
    for (const { Data } of page.Records ?? []) {
      total.records += 1;
      total.bytes += Data?.byteLength ?? 0;
    }
    if (page.MillisBehindLatest === 0) return;
    iterator = page.NextShardIterator;
  }
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
