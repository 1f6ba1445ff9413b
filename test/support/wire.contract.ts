import {
  CreateStreamCommand,
  DeleteStreamCommand,
  PutRecordsCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import type { WireFormat } from '../../src/core/options';
import { eventually } from './eventually';
import { adapterOn, comparable, readPlainly, type ComparablePage } from './page-contract';
import { localKinesisClient } from './scripted-kinesis/client';

const FROM_START = { type: 'TRIM_HORIZON' } as const;
const RECORDS = 59;
const PAGE_LIMITS = [1_000, 7];

export interface WireContract {
  readonly endpoint: () => string;
  /** Forms that this server is read in. */
  readonly wires: readonly WireFormat[];
}

/** What Tidemark's decoders make of a server's pages is what the plain SDK makes of them: page by page, field by field. */
export function wireContract({ endpoint, wires }: WireContract): void {
  const stream = { streamName: `wire-${process.pid}` };
  let client: KinesisClient;

  beforeAll(async () => {
    client = localKinesisClient(endpoint(), { maxAttempts: 3 });
    await client.send(new CreateStreamCommand({ StreamName: stream.streamName, ShardCount: 1 }));
    const described = (): Promise<{ status: string }> => adapterOn(endpoint(), 'json').describeStream(stream);
    await eventually(async () => expect((await described()).status).toBe('ACTIVE'));
    const Records = Array.from({ length: RECORDS }, (_, index) => ({
      PartitionKey: `key-é-${index}`,
      Data: Uint8Array.from({ length: (index + 1) * 25 }, (_unused, at) => at * 7 + index),
    }));
    await client.send(new PutRecordsCommand({ StreamName: stream.streamName, Records }));
  });

  afterAll(async () => {
    await client.send(new DeleteStreamCommand({ StreamName: stream.streamName }));
    client.destroy();
  });

  describe.each(wires)('read as %s', (wire) => {
    it.each(PAGE_LIMITS)('it gives what the plain SDK reads, in pages of %d', async (limit) => {
      const kinesis = adapterOn(endpoint(), wire);
      const shardId = (await kinesis.listShards(stream))[0]?.shardId ?? '';
      let iterator: string | undefined = await kinesis.getShardIterator(stream, shardId, FROM_START);
      for (let read = 0; read < RECORDS;) {
        const expected = await readPlainly(endpoint(), iterator ?? '', limit);
        const page = await kinesis.getRecords(stream, iterator ?? '', limit);
        expect(expected.records).toHaveLength(Math.min(limit, RECORDS - read));
        expectSame(comparable(page), expected);
        read += page.records.length;
        iterator = page.nextIterator;
      }
      // A page without records has the same form.
      expectSame(
        comparable(await kinesis.getRecords(stream, iterator ?? '', limit)),
        await readPlainly(endpoint(), iterator ?? '', limit),
      );
    });

    it('it fails as it does for the plain SDK', async () => {
      const failure = (error: unknown): unknown => error;
      const plain = await readPlainly(endpoint(), 'no-iterator', 10).catch(failure);
      const own = await adapterOn(endpoint(), wire).getRecords(stream, 'no-iterator', 10).catch(failure);
      const { httpStatusCode } = (plain as { $metadata: { httpStatusCode: number } }).$metadata;
      expect(own).toMatchObject({ name: 'TidemarkError', context: { httpStatus: httpStatusCode } });
    });
  });
}

function expectSame(page: ComparablePage, expected: ComparablePage): void {
  const times = ({ records }: ComparablePage): number[] =>
    records.map(({ arrivalMs }) => Math.floor(arrivalMs / 1_000));
  // Some emulators send whole seconds in CBOR.
  expect(times(page)).toEqual(times(expected));
  const timeless = (one: ComparablePage): object => ({
    ...one,
    records: one.records.map((record) => ({ ...record, arrivalMs: 0 })),
  });
  expect(timeless(page)).toEqual(timeless(expected));
}
