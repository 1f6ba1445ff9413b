import { createKinesisClient } from '../../../src/aws/clients';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';
import type { KinesisPort } from '../../../src/kinesis/kinesis-port';
import { startScriptedKinesis, type ScriptedKinesis } from '../../support/scripted-kinesis';
import { AwsError } from '../../support/scripted-kinesis/aws-error';
import { jsonReply, type JsonObject, type JsonRequest } from '../../support/scripted-kinesis/json-request';
import { startJsonServer, type FaultyServer } from '../../support/scripted-kinesis/json-server';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const FIRST_SHARD = 'shardId-000000000000';

let server: ScriptedKinesis;
let kinesis: KinesisPort;
const openServers: FaultyServer[] = [];
const stream = { streamName: 'flights' };

beforeEach(async () => {
  server = await startScriptedKinesis({ listShardsPageSize: 3 });
  kinesis = adapter();
});

afterEach(async () => {
  await Promise.all([server, ...openServers.splice(0)].map((open) => open.close()));
});

function adapter(kinesisEndpoint = server.endpoint): AwsKinesis {
  return new AwsKinesis(createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS, kinesisEndpoint }));
}

function bodies(operation: string): JsonObject[] {
  return server.requests.list(operation).map(({ body }) => body);
}

describe('listShards', () => {
  it('gives ids, parents, hash keys, and whether a shard is closed', async () => {
    server.createStream('flights', 2);
    const [left] = server.split('flights', FIRST_SHARD);
    const merged = server.merge('flights', left, 'shardId-000000000003');
    const shards = await kinesis.listShards(stream);
    expect(shards.map(({ shardId, isClosed }) => [shardId, isClosed])).toEqual([
      [FIRST_SHARD, true],
      ['shardId-000000000001', false],
      [left, true],
      ['shardId-000000000003', true],
      [merged, false],
    ]);
    const half = (2n ** 127n - 1n).toString();
    expect(shards[0]).toEqual({ shardId: FIRST_SHARD, startingHashKey: '0', endingHashKey: half, isClosed: true });
    expect(shards[4]).toMatchObject({ parentShardId: left, adjacentParentShardId: 'shardId-000000000003' });
  });

  it('reads 2,500 shards through all pages, the next page by its token alone', async () => {
    await server.close();
    server = await startScriptedKinesis();
    kinesis = adapter();
    server.createStream('flights', 2_500);
    const shards = await kinesis.listShards(stream);
    expect(new Set(shards.map(({ shardId }) => shardId)).size).toBe(2_500);
    expect(bodies('ListShards')).toEqual([
      { StreamName: 'flights' },
      { NextToken: expect.any(String) },
      { NextToken: expect.any(String) },
    ]);
  });

  it('starts anew when a token has expired, and returns no part', async () => {
    server.createStream('flights', 8);
    const expired = server.faults.add({
      operation: 'ListShards',
      when: ({ body }) => body['NextToken'] !== undefined,
      times: 2,
      action: { error: 'ExpiredNextTokenException' },
    });
    expect(await kinesis.listShards(stream)).toHaveLength(8);
    expect(expired.hits).toBe(2);
    expect(bodies('ListShards').map((body) => ('NextToken' in body ? 'next' : 'first'))).toEqual([
      'first',
      'next',
      'first',
      'next',
      'first',
      'next',
      'next',
    ]);
  });

  it('gives up when tokens expire again and again', async () => {
    server.createStream('flights', 8);
    const when = ({ body }: { body: JsonObject }): boolean => body['NextToken'] !== undefined;
    server.faults.add({ operation: 'ListShards', when, action: { error: 'ExpiredNextTokenException' } });
    await expect(kinesis.listShards(stream)).rejects.toMatchObject({ code: 'KINESIS_UNAVAILABLE' });
    expect(server.requests.count('ListShards')).toBe(10);
  });

  it.each(['InvalidArgumentException', 'ValidationException'])(
    'sends the stream with the token, and only so from then on, where an emulator answers %s to the token alone',
    async (refusal) => {
      const pages = await openPages(({ body }) => {
        if (body['StreamName'] === undefined) throw new AwsError(refusal, 'No stream');
        const page = Number(body['NextToken'] ?? 0);
        return { Shards: [shard(page)], NextToken: page < 2 ? String(page + 1) : undefined };
      });
      expect(await pages.kinesis.listShards(stream)).toHaveLength(3);
      expect(pages.bodies()).toEqual([
        { StreamName: 'flights' },
        { NextToken: '1' },
        { StreamName: 'flights', NextToken: '1' },
        { StreamName: 'flights', NextToken: '2' },
      ]);
    },
  );

  it('does not follow a token that leads to itself', async () => {
    const pages = await openPages(() => ({ Shards: [shard(0)], NextToken: 'again' }));
    await expect(pages.kinesis.listShards(stream)).rejects.toMatchObject({ code: 'INVALID_ANSWER' });
    expect(pages.bodies()).toHaveLength(2);
  });

  it('names a shard once that two pages list', async () => {
    const pages = await openPages(({ body }) =>
      body['NextToken'] ? { Shards: [shard(1)] } : { Shards: [shard(0), shard(1)], NextToken: 'n' },
    );
    expect(await pages.kinesis.listShards(stream)).toHaveLength(2);
  });
});

/** An endpoint that answers ListShards in a form of its own. */
async function openPages(
  answer: (request: JsonRequest) => JsonObject,
): Promise<{ kinesis: KinesisPort; bodies: () => JsonObject[] }> {
  const pages = await startJsonServer({ execute: (request) => jsonReply(200, answer(request)), nowMs: Date.now });
  openServers.push(pages);
  return { kinesis: adapter(pages.endpoint), bodies: () => pages.requests.list().map(({ body }) => body) };
}

function shard(index: number): JsonObject {
  const HashKeyRange = { StartingHashKey: '0', EndingHashKey: '1' };
  return { ShardId: `shardId-00000000000${index}`, HashKeyRange, SequenceNumberRange: { StartingSequenceNumber: '1' } };
}
