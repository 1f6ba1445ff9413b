import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { createDynamodbClient } from '../../../src/aws/clients';
import { readKclLeases } from '../../../src/checkpoints/kcl-leases';
import { AwsError } from '../../support/scripted-kinesis/aws-error';
import { jsonReply } from '../../support/scripted-kinesis/json-request';
import { startJsonServer, type FaultyServer } from '../../support/scripted-kinesis/json-server';

const stream = {
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/flights',
  createdAtMs: 1_767_225_600_123,
};
const SEQUENCE = '49671246667567228643283430150187087032206582658500001794';

let server: FaultyServer;
let client: DynamoDBClient;
let pages: object[][];

beforeAll(async () => {
  server = await startJsonServer({
    nowMs: Date.now,
    execute: ({ operation, body }) => {
      if (operation !== 'Scan') throw new AwsError('UnknownOperationException', operation);
      const key = body.ExclusiveStartKey as { leaseKey?: { S?: string } } | undefined;
      const page = Number(key?.leaseKey?.S ?? 0);
      const isLast = page + 1 >= pages.length;
      const Items = (pages[page] ?? []).map((item) => marshall(item));
      return jsonReply(200, { Items, ...(isLast ? {} : { LastEvaluatedKey: { leaseKey: { S: String(page + 1) } } }) });
    },
  });
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  client = createDynamodbClient({ region: 'us-east-1', credentials, dynamodbEndpoint: server.endpoint });
});

beforeEach(() => server.faults.clear());

afterAll(async () => {
  client.destroy();
  await server.close();
});

function read(...items: object[][]): ReturnType<typeof readKclLeases> {
  pages = items;
  return readKclLeases(client, 'leases', stream);
}

it('leases are read through all pages, with everything that tells where a shard stands', async () => {
  const first = {
    leaseKey: 'shardId-a',
    leaseOwner: 'worker-1',
    leaseCounter: 7,
    ownerSwitchesSinceCheckpoint: 0,
    checkpoint: SEQUENCE,
    checkpointSubSequenceNumber: 3,
    parentShardId: new Set(['shardId-p', 'shardId-q']),
    startingHashKey: '0',
    endingHashKey: '340282366920938463463374607431768211455',
  };
  expect(await read([first], [{ leaseKey: 'shardId-b', leaseCounter: 1, checkpoint: 'TRIM_HORIZON' }])).toEqual([
    {
      shardId: 'shardId-a',
      checkpoint: SEQUENCE,
      subSequenceNumber: 3,
      parentShardIds: ['shardId-p', 'shardId-q'],
      startingHashKey: '0',
      endingHashKey: '340282366920938463463374607431768211455',
      owner: 'worker-1',
      counter: 7,
    },
    { shardId: 'shardId-b', checkpoint: 'TRIM_HORIZON', parentShardIds: [], counter: 1 },
  ]);
});

it('other rows of the table are passed over: since KCL 3.5 they say what they are', async () => {
  const lease = { leaseKey: 'shardId-a', leaseCounter: 1, checkpoint: 'TRIM_HORIZON', entityType: 'LEASE' };
  const leader = { leaseKey: 'Leader', entityType: 'LEADER', checkpoint: 'x' };
  expect(await read([leader, lease, { wid: 'worker-1' }])).toMatchObject([{ shardId: 'shardId-a' }]);
});

describe('in the table of a multi-stream application', () => {
  const key = (account: string, name: string, epoch: number) => ({
    leaseKey: `${account}:${name}:${epoch}:shardId-a`,
    leaseCounter: 1,
    checkpoint: SEQUENCE,
  });

  it('only the leases of this stream count', async () => {
    const [mine, other, foreign] = [
      key('123456789012', 'flights', 1_767_225_600),
      key('123456789012', 'bookings', 1_767_225_600),
      key('999999999999', 'flights', 1_767_225_600),
    ];
    expect(await read([other, mine, foreign])).toMatchObject([{ shardId: 'shardId-a' }]);
    await expect(read([other])).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
  });

  it('leases of an earlier stream of this name are refused', async () => {
    const earlier = read([key('123456789012', 'flights', 1_700_000_000)]);
    await expect(earlier).rejects.toMatchObject({ code: 'BACKUP_MISMATCH' });
  });
});

it.each([
  [[], 'BACKUP_INVALID', 'no lease of stream flights'],
  [[{ leaseKey: 'shardId-a', checkpoint: 5 }], 'BACKUP_INVALID', 'Lease shardId-a cannot be read: checkpoint'],
  [[{ pk: 'shard#x', sk: 'checkpoint' }], 'BACKUP_INVALID', 'Name the lease table'],
])('a table that is no lease table is refused: %#', async (items, code, message) => {
  await expect(read(items)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

it('a scan that is not allowed names the action', async () => {
  server.faults.add({ operation: 'Scan', action: { error: 'AccessDeniedException' } });
  const refusal = { code: 'ACCESS_DENIED', message: expect.stringContaining('dynamodb:Scan') };
  await expect(read([])).rejects.toMatchObject(refusal);
});
