import type { JsonObject } from '../../support/scripted-kinesis';
import { NEVER, readTexts, ReaderScene, SHARD, textsOf } from './shard-reader-scene';

let scene: ReaderScene;

beforeEach(async () => {
  scene = await ReaderScene.open();
});

afterEach(() => scene.close());

function rewriteGetRecords(rewrite: (page: JsonObject) => JsonObject, times?: number): { readonly hits: number } {
  return scene.server.faults.add({ operation: 'GetRecords', times, action: { rewrite } });
}

function hideFromListShards(
  change: (shard: JsonObject) => JsonObject | undefined,
  times?: number,
): { readonly hits: number } {
  const rewrite = (page: JsonObject): JsonObject => ({
    ...page,
    Shards: (page['Shards'] as JsonObject[]).map(change).filter((shard) => shard !== undefined),
  });
  return scene.server.faults.add({ operation: 'ListShards', times, action: { rewrite } });
}

const withoutChildren = (page: JsonObject): JsonObject => ({ ...page, ChildShards: [] });

describe('an end that Kinesis declares', () => {
  it('comes with the records of the last page, and names the children', async () => {
    scene.put('a', 'b');
    const children = scene.server.split('flights', SHARD);
    const result = await scene.reader().read(NEVER);
    expect(textsOf(result)).toEqual(['a', 'b']);
    expect(result.end?.childShardIds).toEqual(children);
    expect(scene.server.requests.count('ListShards')).toBe(0);
  });

  it('comes alone where the endpoint sends the records first', async () => {
    await scene.close();
    scene = await ReaderScene.open({ shardEndWithRecords: false });
    scene.put('a');
    scene.server.split('flights', SHARD);
    const reader = scene.reader();
    const first = await reader.read(NEVER);
    expect([textsOf(first), first.end]).toEqual([['a'], undefined]);
    const last = await reader.read(NEVER);
    expect([textsOf(last), last.end?.childShardIds.length]).toEqual([[], 2]);
  });

  it('ends a closed shard that never had a record', async () => {
    const children = scene.server.split('flights', SHARD);
    expect((await scene.reader().read(NEVER)).end?.childShardIds).toEqual(children);
  });

  it('ends each parent of a merge with the one child', async () => {
    await scene.close();
    scene = await ReaderScene.open({ shards: 2 });
    const child = scene.server.merge('flights', SHARD, 'shardId-000000000001');
    for (const shardId of [SHARD, 'shardId-000000000001']) {
      const result = await scene.reader({ shard: { ...scene.shard, shardId } }).read(NEVER);
      expect(result.end?.childShardIds).toEqual([child]);
    }
  });
});

describe('a null iterator without child shards', () => {
  it('is an end with its records once ListShards shows the shard closed, with children', async () => {
    scene.put('a');
    const children = scene.server.split('flights', SHARD);
    rewriteGetRecords(withoutChildren);
    const result = await scene.reader().read(NEVER);
    expect(textsOf(result)).toEqual(['a']);
    expect(result.end?.childShardIds).toEqual(children);
  });

  it('is asked again, and hands out nothing twice, while ListShards shows the shard open', async () => {
    scene.put('a');
    const lost = rewriteGetRecords((page) => ({ ...page, NextShardIterator: null }), 3);
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    expect(lost.hits).toBe(3);
    expect(scene.server.requests.count('ListShards')).toBe(3);
    expect(scene.troubles).toEqual(['INVALID_ANSWER', 'INVALID_ANSWER', 'INVALID_ANSWER', 'ok']);
    expect(scene.waitsMs).toEqual([25, 50, 100]);
    scene.put('b');
    expect(await readTexts(reader, 1)).toEqual(['b']);
  });

  it('is asked again with the same iterator', async () => {
    scene.server.split('flights', SHARD);
    rewriteGetRecords(withoutChildren, 2);
    hideFromListShards((shard) => (shard['ParentShardId'] ? undefined : shard));
    expect((await scene.reader().read(NEVER)).end).toBeDefined();
    expect(scene.server.requests.count('GetShardIterator')).toBe(1);
    expect(new Set(scene.server.requests.list('GetRecords').map(({ body }) => body['ShardIterator'])).size).toBe(1);
  });

  const unconfirmed = {
    'the shard is closed but no child is listed': (shard: JsonObject) => (shard['ParentShardId'] ? undefined : shard),
    'children are listed but the shard is not closed': (shard: JsonObject) =>
      shard['ParentShardId'] ? shard : { ...shard, SequenceNumberRange: { StartingSequenceNumber: '0' } },
    'the shard itself is not listed': (shard: JsonObject) => (shard['ParentShardId'] ? shard : undefined),
  };

  it.each(Object.entries(unconfirmed))('is no end while %s', async (_, change) => {
    scene.put('a');
    scene.server.split('flights', SHARD);
    rewriteGetRecords(withoutChildren);
    const listing = hideFromListShards(change, 4);
    const result = await scene.reader().read(NEVER);
    expect(listing.hits).toBe(4);
    expect(textsOf(result)).toEqual(['a']);
    expect(result.end?.childShardIds).toHaveLength(2);
  });

  it('is no end while ListShards does not answer', async () => {
    scene.server.split('flights', SHARD);
    rewriteGetRecords(withoutChildren);
    const throttle = scene.server.faults.add({
      operation: 'ListShards',
      times: 2,
      action: { error: 'LimitExceededException' },
    });
    const outage = scene.server.faults.add({ operation: 'ListShards', times: 2, action: { dropRequest: true } });
    expect((await scene.reader().read(NEVER)).end?.childShardIds).toHaveLength(2);
    expect([throttle.hits, outage.hits]).toEqual([2, 2]);
  });

  it('is no end when the listing that confirms it is that of a stream created anew', async () => {
    rewriteGetRecords((page) => ({ ...page, NextShardIterator: null, ChildShards: [] }));
    scene.server.faults.add({
      operation: 'ListShards',
      action: {
        rewrite: (page) => {
          scene.server.deleteStream('flights');
          scene.server.createStream('flights', 1);
          return {
            ...page,
            Shards: [
              { ShardId: SHARD, SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: '2' } },
              { ShardId: 'shardId-000000000001', ParentShardId: SHARD },
            ],
          };
        },
      },
    });
    await expect(scene.reader().read(NEVER)).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
  });

  it('of a shard that was closed without a reshard is never an end', async () => {
    scene.put('a');
    scene.server.closeShard('flights', SHARD);
    const stop = new AbortController();
    scene.onWait = (waits) => waits === 20 && stop.abort(new Error('enough'));
    await expect(scene.reader().read(stop.signal)).rejects.toThrow('enough');
    expect(scene.server.requests.count('ListShards')).toBeGreaterThanOrEqual(20);
  });
});

describe('an answer that contradicts itself', () => {
  it('with child shards of a shard that goes on is asked again', async () => {
    scene.put('a');
    const child = { ShardId: 'shardId-000000000001', ParentShards: [SHARD] };
    rewriteGetRecords((page) => ({ ...page, ChildShards: [child] }), 2);
    const result = await scene.reader().read(NEVER);
    expect([textsOf(result), result.end]).toEqual([['a'], undefined]);
    expect(scene.troubles).toEqual(['INVALID_ANSWER', 'INVALID_ANSWER', 'ok']);
  });

  it('with a child that has no parents is asked again', async () => {
    scene.server.split('flights', SHARD);
    const orphans = (page: JsonObject): JsonObject => ({
      ...page,
      ChildShards: (page['ChildShards'] as JsonObject[]).map((child, index) =>
        index === 0 ? child : { ...child, ParentShards: [] },
      ),
    });
    const orphaned = rewriteGetRecords(orphans, 2);
    expect((await scene.reader().read(NEVER)).end?.childShardIds).toHaveLength(2);
    expect(orphaned.hits).toBe(2);
  });
});
