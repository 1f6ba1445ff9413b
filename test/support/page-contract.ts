import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import { createKinesisClient } from '../../src/aws/clients';
import type { WireFormat } from '../../src/core/options';
import { AwsKinesis } from '../../src/kinesis/aws-kinesis';
import type { Page } from '../../src/kinesis/kinesis-port';
import { localKinesisClient } from './scripted-kinesis/client';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

/** A page with its payloads as base64, so that views and buffers compare. Iterators are new in every answer. */
export interface ComparablePage {
  readonly records: readonly { sequenceNumber: string; partitionKey: string; data: string; arrivalMs: number }[];
  readonly hasNext: boolean;
  readonly childShards: readonly { shardId: string; parentShardIds: readonly string[] }[];
}

export function comparable({ records, nextIterator, childShards }: Page): ComparablePage {
  return {
    records: records.map((record) => ({ ...record, data: Buffer.from(record.data).toString('base64') })),
    hasNext: nextIterator !== undefined,
    childShards,
  };
}

/** The same page through the SDK and nothing else. */
export async function readPlainly(endpoint: string, iterator: string, limit: number): Promise<ComparablePage> {
  const client: KinesisClient = localKinesisClient(endpoint, { maxAttempts: 3 });
  try {
    const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }));
    return {
      records: (page.Records ?? []).map((record) => ({
        sequenceNumber: record.SequenceNumber ?? '',
        partitionKey: record.PartitionKey ?? '',
        data: Buffer.from(record.Data ?? []).toString('base64'),
        arrivalMs: record.ApproximateArrivalTimestamp?.getTime() ?? Number.NaN,
      })),
      hasNext: Boolean(page.NextShardIterator),
      childShards: (page.ChildShards ?? []).map(({ ShardId, ParentShards }) => ({
        shardId: ShardId ?? '',
        parentShardIds: ParentShards ?? [],
      })),
    };
  } finally {
    client.destroy();
  }
}

export function adapterOn(kinesisEndpoint: string, wire: WireFormat): AwsKinesis {
  return new AwsKinesis(createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS, kinesisEndpoint }), {
    wire,
  });
}
