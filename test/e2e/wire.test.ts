import {
  CreateStreamCommand,
  DeleteStreamCommand,
  PutRecordsCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import type { WireFormat } from '../../src/core/options';
import type { AwsKinesis } from '../../src/kinesis/aws-kinesis';
import { adapterOn, comparable, readPlainly } from '../support/page-contract';
import { isJsonForced } from '../support/scripted-kinesis';
import { localKinesisClient } from '../support/scripted-kinesis/client';
import { stackEnv } from '../support/stack-env';
import { eventually } from '../support/eventually';

const stream = { streamName: `wire-${process.pid}` };
const FROM_START = { type: 'TRIM_HORIZON' } as const;
const RECORDS = 60;

let client: KinesisClient;
let endpoint: string;

/** Where the tests run as if no endpoint knew CBOR, `cbor` can only be shown to fail. */
function adapter(wire: WireFormat): AwsKinesis {
  return adapterOn(endpoint, wire === 'cbor' && isJsonForced() ? 'auto' : wire);
}

beforeAll(async () => {
  endpoint = stackEnv().kinesisEndpoint;
  client = localKinesisClient(endpoint, { maxAttempts: 3 });
  await client.send(new CreateStreamCommand({ StreamName: stream.streamName, ShardCount: 1 }));
  const described = (): Promise<{ status: string }> => adapterOn(endpoint, 'json').describeStream(stream);
  await eventually(async () => expect((await described()).status).toBe('ACTIVE'));
  const Records = Array.from({ length: RECORDS }, (_, index) => ({
    PartitionKey: `key-é-${index}`,
    Data: Uint8Array.from({ length: index * 25 }, (_unused, at) => at * 7 + index),
  }));
  await client.send(new PutRecordsCommand({ StreamName: stream.streamName, Records: Records.slice(1) }));
});

afterAll(async () => {
  await client.send(new DeleteStreamCommand({ StreamName: stream.streamName }));
  client.destroy();
});

it.each(['cbor', 'json', 'auto'] as const)('the emulator, read as %s, gives what the plain SDK reads', async (wire) => {
  const kinesis = adapter(wire);
  const shardId = (await kinesis.listShards(stream))[0]?.shardId ?? '';
  const iterator = await kinesis.getShardIterator(stream, shardId, FROM_START);
  const expected = await readPlainly(endpoint, iterator, 1_000);
  expect(expected.records).toHaveLength(RECORDS - 1);
  const page = comparable(await kinesis.getRecords(stream, iterator, 1_000));
  const times = ({ records }: typeof page): number[] => records.map(({ arrivalMs }) => Math.floor(arrivalMs / 1_000));
  // Some emulators send whole seconds in CBOR.
  expect(times(page)).toEqual(times(expected));
  const timeless = (one: typeof page): object => ({
    ...one,
    records: one.records.map((record) => ({ ...record, arrivalMs: 0 })),
  });
  expect(timeless(page)).toEqual(timeless(expected));
});

it.each(['cbor', 'json', 'auto'] as const)(
  'the emulator, read as %s, fails as it does for the plain SDK',
  async (wire) => {
    const failure = (error: unknown): unknown => error;
    const plain = await readPlainly(endpoint, 'no-iterator', 10).catch(failure);
    const own = await adapter(wire).getRecords(stream, 'no-iterator', 10).catch(failure);
    const { httpStatusCode } = (plain as { $metadata: { httpStatusCode: number } }).$metadata;
    expect(own).toMatchObject({ name: 'TidemarkError', context: { httpStatus: httpStatusCode } });
  },
);
