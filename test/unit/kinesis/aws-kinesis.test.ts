import { createKinesisClient } from '../../../src/aws/clients';
import { AwsKinesis, type AwsKinesisOptions } from '../../../src/kinesis/aws-kinesis';
import type { KinesisPort } from '../../../src/kinesis/kinesis-port';
import { startScriptedKinesis, type ScriptedKinesis } from '../../support/scripted-kinesis';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const FIRST_SHARD = 'shardId-000000000000';
const FROM_START = { type: 'TRIM_HORIZON' } as const;

let server: ScriptedKinesis;
let kinesis: KinesisPort;
const stream = { streamName: 'flights' };

beforeEach(async () => {
  server = await startScriptedKinesis();
  kinesis = adapter();
});

afterEach(() => server.close());

function adapter(options: AwsKinesisOptions = {}): AwsKinesis {
  const kinesisEndpoint = server.endpoint;
  return new AwsKinesis(
    createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS, kinesisEndpoint }),
    options,
  );
}

describe('describeStream', () => {
  it('gives identity, retention and the clock of the service', async () => {
    server.setClock(1_767_225_600_123);
    const { arn } = server.createStream('flights', 1);
    server.setClock(1_767_229_200_999);
    expect(await kinesis.describeStream(stream)).toEqual({
      streamName: 'flights',
      streamArn: arn,
      createdAtMs: 1_767_225_600_123,
      status: 'ACTIVE',
      retentionMs: 86_400_000,
      serviceNowMs: 1_767_229_200_000,
    });
  });

  it('keeps the clocks of concurrent calls apart', async () => {
    server.createStream('flights', 1);
    let now = 1_767_225_600_000;
    server.setClock(() => (now += 1_000));
    const answers = await Promise.all([1, 2, 3].map(() => kinesis.describeStream(stream)));
    expect(new Set(answers.map(({ serviceNowMs }) => serviceNowMs)).size).toBe(3);
  });

  it('says that the stream does not exist', async () => {
    await expect(kinesis.describeStream(stream)).rejects.toMatchObject({
      code: 'STREAM_NOT_FOUND',
      context: { stream: 'flights' },
    });
  });

  it('refuses an answer without a creation time', async () => {
    server.createStream('flights', 1);
    server.faults.add({
      action: { rewrite: () => ({ StreamDescriptionSummary: { StreamName: 'flights', StreamARN: 'arn' } }) },
    });
    await expect(kinesis.describeStream(stream)).rejects.toMatchObject({ code: 'INVALID_ANSWER' });
  });
});

describe('getShardIterator and getRecords', () => {
  it('reads records in order from the oldest one', async () => {
    server.createStream('flights', 1);
    const start = 1_767_225_600_000;
    server.setClock(start);
    const puts = ['a', 'b', 'c'].map((data, index) =>
      server.put('flights', `key-${data}`, data, { arrivalMs: start + index }),
    );
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    const page = await kinesis.getRecords(stream, iterator, 2);
    const [first, second] = page.records;
    expect(page.records).toHaveLength(2);
    expect(first).toMatchObject({ sequenceNumber: puts[0]?.sequenceNumber, partitionKey: 'key-a', arrivalMs: start });
    expect(Buffer.from(first?.data ?? []).toString()).toBe('a');
    expect(second?.arrivalMs).toBe(start + 1);
    expect(page.childShards).toEqual([]);
    const rest = await kinesis.getRecords(stream, page.nextIterator ?? '', 10);
    expect(rest.records.map(({ sequenceNumber }) => sequenceNumber)).toEqual([puts[2]?.sequenceNumber]);
  });

  it('reads on at and after a sequence number, and at a time to the millisecond', async () => {
    server.createStream('flights', 1);
    server.setClock(1_767_225_600_500);
    const puts = [0, 1, 2].map((index) =>
      server.put('flights', 'key', `${index}`, { arrivalMs: 1_767_225_600_123 + index }),
    );
    const sequenceNumber = puts[1]?.sequenceNumber ?? '';
    const read = async (start: Parameters<KinesisPort['getShardIterator']>[2]): Promise<string[]> => {
      const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, start);
      const { records } = await kinesis.getRecords(stream, iterator, 10);
      return records.map(({ data }) => Buffer.from(data).toString());
    };
    expect(await read({ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber })).toEqual(['2']);
    expect(await read({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber })).toEqual(['1', '2']);
    expect(await read({ type: 'AT_TIMESTAMP', timestampMs: 1_767_225_600_124 })).toEqual(['1', '2']);
  });

  it('reports the end of a shard with its children and all their parents', async () => {
    server.createStream('flights', 2);
    const merged = server.merge('flights', FIRST_SHARD, 'shardId-000000000001');
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    expect(await kinesis.getRecords(stream, iterator, 10)).toEqual({
      records: [],
      nextIterator: undefined,
      millisBehindLatest: 0,
      childShards: [{ shardId: merged, parentShardIds: [FIRST_SHARD, 'shardId-000000000001'] }],
    });
  });

  it('takes a missing lag for none', async () => {
    server.createStream('flights', 1);
    server.faults.add({
      operation: 'GetRecords',
      action: { rewrite: ({ MillisBehindLatest: _lag, ...rest }) => rest },
    });
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    expect(await kinesis.getRecords(stream, iterator, 10)).toMatchObject({ millisBehindLatest: 0 });
  });

  it('says that a shard does not exist, or that its sequence number is wrong', async () => {
    server.createStream('flights', 1);
    await expect(kinesis.getShardIterator(stream, 'shardId-000000000009', FROM_START)).rejects.toMatchObject({
      code: 'STREAM_NOT_FOUND',
      context: { shard: 'shardId-000000000009' },
    });
    const start = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: '12' } as const;
    await expect(kinesis.getShardIterator(stream, FIRST_SHARD, start)).rejects.toMatchObject({
      code: 'INVALID_SEQUENCE_NUMBER',
      context: { sequenceNumber: '12', shard: FIRST_SHARD },
    });
  });

  it('takes a start time in the future for one that is to come', async () => {
    server.createStream('flights', 1);
    const start = { type: 'AT_TIMESTAMP', timestampMs: server.now() + 3_600_000 } as const;
    await expect(kinesis.getShardIterator(stream, FIRST_SHARD, start)).rejects.toMatchObject({
      code: 'KINESIS_UNAVAILABLE',
      message: expect.stringContaining(`startTime=${new Date(start.timestampMs).toISOString()}`),
    });
  });

  it('says that an iterator has expired', async () => {
    server.createStream('flights', 1);
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    server.advanceClock(301_000);
    await expect(kinesis.getRecords(stream, iterator, 10)).rejects.toMatchObject({ code: 'ITERATOR_EXPIRED' });
  });

  it.each([
    ['ProvisionedThroughputExceededException', 'THROUGHPUT_EXCEEDED'],
    ['KMSThrottlingException', 'THROUGHPUT_EXCEEDED'],
    ['KMSDisabledException', 'ACCESS_DENIED'],
    ['AccessDeniedException', 'ACCESS_DENIED'],
    ['InternalFailureException', 'KINESIS_UNAVAILABLE'],
    ['ServiceUnavailable', 'KINESIS_UNAVAILABLE'],
  ])('turns %s into %s', async (error, code) => {
    server.createStream('flights', 1);
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    server.faults.add({ operation: 'GetRecords', action: { error } });
    await expect(kinesis.getRecords(stream, iterator, 10)).rejects.toMatchObject({ name: 'TidemarkError', code });
  });

  it('reads a page again that broke off half-way', async () => {
    server.createStream('flights', 1);
    server.put('flights', 'key', 'data');
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    const broken = server.faults.add({ operation: 'GetRecords', times: 1, action: { truncateReply: true } });
    expect((await kinesis.getRecords(stream, iterator, 10)).records).toHaveLength(1);
    expect(broken.hits).toBe(1);
  });

  it('ends at once when its signal aborts', async () => {
    server.createStream('flights', 1);
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    server.faults.add({ operation: 'GetRecords', action: { hang: true } });
    const cancel = new AbortController();
    const reading = kinesis.getRecords(stream, iterator, 10, cancel.signal);
    cancel.abort();
    await expect(reading).rejects.toMatchObject({
      code: 'KINESIS_UNAVAILABLE',
      message: expect.stringContaining('cancelled'),
    });
  });

  it('never quotes the data of an answer that it cannot read', async () => {
    const canary = 'canary-7f3a';
    server.createStream('flights', 1);
    const iterator = await kinesis.getShardIterator(stream, FIRST_SHARD, FROM_START);
    const broken = [{ Data: canary, SequenceNumber: canary }, canary, { Data: { [canary]: canary } }];
    for (const record of broken) {
      server.faults.clear();
      server.faults.add({ operation: 'GetRecords', action: { rewrite: () => ({ Records: [record, { Data: '!' }] }) } });
      const error: unknown = await kinesis.getRecords(stream, iterator, 10).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'TidemarkError' });
      expect(`${String(error)}${JSON.stringify(error)}${(error as Error).stack}`).not.toContain(canary);
      expect(error).not.toHaveProperty('cause');
    }
  });
});

describe('the name of a stream', () => {
  it('is its ARN in every call, where one is known', async () => {
    const { arn } = server.createStream('flights', 1);
    await callEverything(kinesis, arn);
    const named = server.requests.list().map(({ body }) => [body['StreamName'], body['StreamARN']]);
    expect(named).toEqual(Array.from({ length: 4 }, () => [undefined, arn]));
  });

  it('is its name for an emulator that rejects ARNs', async () => {
    const { arn } = server.createStream('flights', 1);
    await callEverything(adapter({ useStreamArn: false }), arn);
    expect(server.requests.list().filter(({ body }) => 'StreamARN' in body)).toEqual([]);
  });

  async function callEverything(port: KinesisPort, streamArn: string): Promise<void> {
    const handle = { streamName: 'flights', streamArn };
    await port.describeStream(handle);
    await port.listShards(handle);
    const iterator = await port.getShardIterator(handle, FIRST_SHARD, FROM_START);
    await port.getRecords(handle, iterator, 10);
  }
});
