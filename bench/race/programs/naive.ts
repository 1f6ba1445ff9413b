/** What one writes without a library: a GetRecords loop per shard with the AWS SDK; no checkpoints, no retries, no second process. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  type _Record,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../../dev/stack/pins';
import { Reporter } from './reporter';
import { viewBytes } from './view-bytes';

/** Kinesis allows five calls a second. */
const POLL_MS = 200;
const NOTHING = new Uint8Array();
const VIEW = viewBytes<_Record>(({ Data }) => Data ?? NOTHING);

const reporter = new Reporter();
const { order } = reporter;
const Limit = Number(order.settings.limit);
const client = new KinesisClient({
  endpoint: order.kinesisEndpoint,
  region: LOCAL_REGION,
  credentials: LOCAL_CREDENTIALS,
  requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true }) }),
});

async function run(): Promise<void> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: order.stream }));
  await Promise.all(Shards.map(({ ShardId }) => readShard(ShardId ?? '')));
}

async function readShard(shardId: string): Promise<void> {
  const start = { StreamName: order.stream, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
  let { ShardIterator: iterator } = await client.send(new GetShardIteratorCommand(start));
  while (iterator) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit }));
    const records = page.Records ?? [];
    if (records.length > 0) reporter.handle(shardId, records, VIEW);
    if (page.MillisBehindLatest === 0) await sleep(POLL_MS);
    iterator = page.NextShardIterator;
  }
}

process.once('SIGTERM', () => process.exit(0));
run().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
