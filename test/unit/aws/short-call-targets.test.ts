import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { createDynamodbClient, createKinesisClient } from '../../../src/aws/clients';
import { ShortCalls } from '../../../src/aws/short-calls';
import { UpdateCall } from '../../../src/checkpoints/update-call';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';

interface Sent {
  readonly hostname: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const PAGE = '{"Records":[],"NextShardIterator":"next","MillisBehindLatest":0}';

/** Answers in place of the network. */
function answering({ config }: KinesisClient | DynamoDBClient, text: string): Sent[] {
  const sent: Sent[] = [];
  const handle = async (request: Sent): Promise<object> => {
    sent.push(request);
    await new Promise(setImmediate);
    return { response: { statusCode: 200, headers: {}, body: Buffer.from(text) } };
  };
  Object.assign(config.requestHandler, { handle });
  return sent;
}

function arnOf(account: string, name: string, region = 'us-east-1'): { streamName: string; streamArn: string } {
  return { streamName: name, streamArn: `arn:aws:kinesis:${region}:${account}:stream/${name}` };
}

it('each stream is asked at its own address, also when calls to several are under way', async () => {
  const client = createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS });
  const sent = answering(client, PAGE);
  const kinesis = new AwsKinesis(client, { wire: 'json' });
  const streams = [arnOf('111111111111', 'a'), arnOf('222222222222', 'b'), arnOf('111111111111', 'c')];
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(streams.map((stream) => kinesis.getRecords(stream, `${stream.streamName}${round}`, 10)));
  }
  await kinesis.getRecords({ streamName: 'nameless' }, 'without', 10);
  const asked = sent.map(({ hostname, headers, body }) => {
    const { StreamARN, ShardIterator } = JSON.parse(Buffer.from(body).toString()) as Record<string, string>;
    return [ShardIterator, hostname === headers.host && hostname, StreamARN];
  });
  const at = (account: string): string => `${account}.data-kinesis.us-east-1.amazonaws.com`;
  for (let round = 0; round < 3; round += 1) {
    expect(asked).toContainEqual([`a${round}`, at('111111111111'), streams[0]?.streamArn]);
    expect(asked).toContainEqual([`b${round}`, at('222222222222'), streams[1]?.streamArn]);
    expect(asked).toContainEqual([`c${round}`, at('111111111111'), streams[2]?.streamArn]);
  }
  expect(asked.at(-1)).toEqual(['without', 'kinesis.us-east-1.amazonaws.com', undefined]);
  expect(asked).toHaveLength(10);
});

it('credentials of another account are asked for that account’s address', async () => {
  let accountId = '111111111111';
  const credentials = async (): Promise<object> => ({ ...CREDENTIALS, accountId, expiration: new Date() });
  const client = createDynamodbClient({ region: 'us-east-1', credentials } as Parameters<
    typeof createDynamodbClient
  >[0]);
  const sent = answering(client, '{}');
  const calls = new ShortCalls(client);
  const write = (): Promise<void> =>
    calls.send(new UpdateCall({ TableName: 't', Key: { pk: { S: 'p' } }, UpdateExpression: 'SET a = b' }));
  await write();
  await write();
  accountId = '222222222222';
  await write();
  await write();
  expect(sent.map(({ hostname }) => hostname.split('.')[0])).toEqual([
    '111111111111',
    '111111111111',
    '222222222222',
    '222222222222',
  ]);
});

it('a client keeps its signers, and learns of a region that comes later', async () => {
  const client = createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS });
  expect(await client.config.signer()).toBe(await client.config.signer());
  const scheme = { name: 'sigv4', signingName: 'kinesis', signingRegion: 'eu-west-1', properties: {} };
  expect(await client.config.signer(scheme)).not.toBe(await client.config.signer());
});
