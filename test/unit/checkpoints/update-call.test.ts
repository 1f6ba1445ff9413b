import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { createDynamodbClient } from '../../../src/aws/clients';
import type { CheckpointWrite } from '../../../src/checkpoints/checkpoint-store';
import { toCheckpointUpdate } from '../../../src/checkpoints/dynamodb-requests';
import { DynamodbCheckpointStore } from '../../../src/checkpoints/dynamodb-store';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';
import { startJsonServer, type FaultyServer } from '../../support/scripted-kinesis/json-server';
import { jsonReply, type JsonReply, type JsonRequest } from '../../support/scripted-kinesis/json-request';
import { verifiedSignature } from '../../support/verified-signature';

const SECRET = 'secret';
const write: CheckpointWrite = {
  shard: shardOf(newStream('flights')),
  condition: { token: 'before' },
  next: { token: 'é "after"', generation: 0, fence: 7, position: { at: 'AFTER', sequenceNumber: '4'.repeat(56) } },
  facts: { totals: { records: 1, bytes: 0.5, batches: 1 }, committedAtMs: 1_790_000_000_000 },
  workflowId: 'w',
  parentShardIds: ['shardId-000000000007'],
  writer: { runId: 'r', activityId: '3', activitySeq: 2, attempt: 1 },
};

let server: FaultyServer;
let reply: JsonReply;
let received: JsonRequest[];
let client: ReturnType<typeof createDynamodbClient>;
let store: DynamodbCheckpointStore;

beforeEach(async () => {
  reply = jsonReply(200, {});
  received = [];
  const execute = (request: JsonRequest): JsonReply => {
    received.push(request);
    return reply;
  };
  server = await startJsonServer({ execute, nowMs: Date.now });
  client = createDynamodbClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET },
    dynamodbEndpoint: server.endpoint,
  });
  store = new DynamodbCheckpointStore(client, 'checkpoints');
  // The first one goes through the whole SDK.
  await store.write(write);
  received = [];
});

afterEach(() => server.close());

it('sends what the SDK sends, rightly signed', async () => {
  let whole = 0;
  client.middlewareStack.add(
    (next) => (args) => {
      whole += 1;
      return next(args);
    },
    { step: 'initialize', name: 'count' },
  );
  expect(await store.write(write)).toEqual({ kind: 'written' });
  expect(whole).toBe(0);
  await client.send(new UpdateItemCommand(toCheckpointUpdate('checkpoints', write)));
  const same = ['content-type', 'user-agent', 'host', 'amz-sdk-request'];
  const [short, long] = received.map(({ body, target, headers }) => ({
    body,
    target,
    headers: Object.keys(headers).sort(),
    same: same.map((name) => headers[name]),
  }));
  expect(short).toEqual(long);
  for (const request of received) verifiedSignature(request, SECRET);
});

it('hands on the row that refused the write, asking once', async () => {
  reply = jsonReply(400, {
    __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
    message: 'The conditional request failed',
    Item: { nothing: { S: 'of ours' } },
  });
  await expect(store.write(write)).rejects.toMatchObject({ code: 'CHECKPOINT_DAMAGED' });
  expect(received).toHaveLength(1);
});

it('does not take for written what no DynamoDB answered', async () => {
  reply = { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>Please log in</html>') };
  await expect(store.write(write)).rejects.toMatchObject({ code: 'DYNAMODB_UNAVAILABLE' });
  reply = jsonReply(500, { __type: 'InternalServerError' });
  await expect(store.write(write)).rejects.toMatchObject({ code: 'DYNAMODB_UNAVAILABLE' });
  expect(received).toHaveLength(2);
});

it('does not take an answer that breaks off for one', async () => {
  const broken = server.faults.add({ times: 1, action: { truncateReply: true } });
  await expect(store.write(write)).rejects.toMatchObject({ code: 'DYNAMODB_UNAVAILABLE' });
  expect(broken.hits).toBe(1);
});
