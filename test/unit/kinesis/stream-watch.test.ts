import { TidemarkError } from '../../../src/core/errors';
import type { Shard } from '../../../src/core/shard-graph';
import type { KinesisPort, StreamDescription } from '../../../src/kinesis/kinesis-port';
import { StreamWatch } from '../../../src/kinesis/stream-watch';

const STREAM = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1_000 };
const DESCRIPTION: StreamDescription = {
  ...STREAM,
  status: 'ACTIVE',
  retentionMs: 86_400_000,
  serviceNowMs: 5_000,
};

interface Call {
  readonly startedAt: number;
  answer(description?: Partial<StreamDescription>): void;
  fail(error: unknown): void;
}

/** A Kinesis whose answers to DescribeStreamSummary a test gives when it likes. */
class HeldKinesis {
  readonly calls: Call[] = [];
  shards: Shard[] = [];
  nowMs = 0;
  private order = 0;

  /** A place in the order of events. */
  tick(): number {
    return (this.order += 1);
  }

  readonly port = {
    describeStream: () =>
      new Promise<StreamDescription>((resolve, reject) => {
        const startedAt = this.tick();
        this.calls.push({ startedAt, answer: (more) => resolve({ ...DESCRIPTION, ...more }), fail: reject });
      }),
    listShards: () => Promise.resolve(this.shards),
  } as unknown as KinesisPort;

  readonly watch = new StreamWatch(this.port, STREAM, () => this.nowMs);

  async call(index: number): Promise<Call> {
    for (let turns = 0; turns < 1_000; turns += 1) {
      const call = this.calls[index];
      if (call) return call;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error(`DescribeStreamSummary was called ${this.calls.length} times`);
  }
}

let kinesis: HeldKinesis;

beforeEach(() => {
  kinesis = new HeldKinesis();
});

describe('fresh', () => {
  it('joins calls that wait for the same answer', async () => {
    const asked = [kinesis.watch.fresh(), kinesis.watch.fresh(), kinesis.watch.fresh()];
    (await kinesis.call(0)).answer();
    await Promise.all(asked);
    expect(kinesis.calls).toHaveLength(1);
  });

  it('never takes the answer to a call that was under way before', async () => {
    const first = kinesis.watch.fresh();
    const call = await kinesis.call(0);
    const askedAt = kinesis.tick();
    const later = [kinesis.watch.fresh(), kinesis.watch.fresh()];
    kinesis.nowMs += 1_000;
    call.answer();
    await first;
    const second = await kinesis.call(1);
    expect(second.startedAt).toBeGreaterThan(askedAt);
    second.answer({ serviceNowMs: 6_000 });
    expect((await Promise.all(later)).map(({ serviceNowMs }) => serviceNowMs)).toEqual([6_000, 6_000]);
    expect(kinesis.calls).toHaveLength(2);
  });

  it('makes its own call after one that failed', async () => {
    const first = kinesis.watch.fresh();
    const call = await kinesis.call(0);
    const second = kinesis.watch.fresh();
    kinesis.nowMs += 1_000;
    call.fail(new TidemarkError('KINESIS_UNAVAILABLE', 'away'));
    await expect(first).rejects.toMatchObject({ code: 'KINESIS_UNAVAILABLE' });
    (await kinesis.call(1)).answer();
    expect(await second).toEqual(DESCRIPTION);
  });

  it('leaves 250 ms between two calls, also after a failure: many shards ask, and AWS allows 20 a second', async () => {
    const first = kinesis.watch.fresh();
    (await kinesis.call(0)).fail(new TidemarkError('THROUGHPUT_EXCEEDED', 'too many'));
    await expect(first).rejects.toThrow();
    const startedAt = performance.now();
    const second = kinesis.watch.fresh();
    (await kinesis.call(1)).answer();
    await second;
    expect(performance.now() - startedAt).toBeGreaterThan(200);
  });
});

describe('recent', () => {
  it('answers from what is known as long as it is young enough, counted from when it was asked for', async () => {
    const first = kinesis.watch.recent(30_000);
    const call = await kinesis.call(0);
    kinesis.nowMs = 20_000;
    call.answer();
    await first;
    kinesis.nowMs = 30_000;
    await kinesis.watch.recent(30_000);
    expect(kinesis.calls).toHaveLength(1);
    kinesis.nowMs = 30_001;
    const third = kinesis.watch.recent(30_000);
    (await kinesis.call(1)).answer();
    await third;
  });

  it('takes the answer to a call that is under way: shards that come at once do not wait for calls of their own', async () => {
    const first = kinesis.watch.recent(30_000);
    const call = await kinesis.call(0);
    const others = [kinesis.watch.recent(30_000), kinesis.watch.recent(30_000)];
    call.answer();
    expect(await Promise.all([first, ...others])).toEqual([DESCRIPTION, DESCRIPTION, DESCRIPTION]);
    expect(kinesis.calls).toHaveLength(1);
  });

  it('does not wait for a call that hangs for longer than its answer would be young enough', async () => {
    void kinesis.watch.recent(30_000);
    const hanging = await kinesis.call(0);
    kinesis.nowMs = 30_001;
    const later = kinesis.watch.recent(30_000);
    hanging.answer();
    (await kinesis.call(1)).answer({ serviceNowMs: 6_000 });
    expect(await later).toMatchObject({ serviceNowMs: 6_000 });
  });

  it('does not answer from what was known before the stream was seen to be gone', async () => {
    const first = kinesis.watch.recent(30_000);
    (await kinesis.call(0)).answer();
    await first;
    kinesis.nowMs = 1_000;
    const gone = kinesis.watch.fresh();
    (await kinesis.call(1)).answer({ createdAtMs: 2_000 });
    await expect(gone).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
    kinesis.nowMs = 2_000;
    const after = kinesis.watch.recent(30_000);
    (await kinesis.call(2)).answer({ createdAtMs: 2_000 });
    await expect(after).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
  });

  it('keeps what it knows through an outage', async () => {
    const first = kinesis.watch.recent(30_000);
    (await kinesis.call(0)).answer();
    await first;
    kinesis.nowMs = 1_000;
    const away = kinesis.watch.fresh();
    (await kinesis.call(1)).fail(new TidemarkError('KINESIS_UNAVAILABLE', 'away'));
    await expect(away).rejects.toThrow();
    expect(await kinesis.watch.recent(30_000)).toEqual(DESCRIPTION);
  });
});

describe('what a description means', () => {
  const verdicts: [string, Partial<StreamDescription>, string | undefined][] = [
    ['active', {}, undefined],
    ['resharding', { status: 'UPDATING' }, undefined],
    ['being deleted', { status: 'DELETING' }, 'STREAM_DELETED'],
    ['created later', { createdAtMs: 1_001 }, 'STREAM_RECREATED'],
    ['being created anew', { createdAtMs: 1_001, status: 'CREATING' }, 'STREAM_RECREATED'],
  ];

  it.each(verdicts)('of a stream that is %s', async (_, description, code) => {
    const asked = kinesis.watch.fresh();
    (await kinesis.call(0)).answer(description);
    if (code) await expect(asked).rejects.toMatchObject({ code });
    else expect(await asked).toMatchObject(description);
  });

  it('of no stream', async () => {
    const asked = kinesis.watch.fresh();
    (await kinesis.call(0)).fail(new TidemarkError('STREAM_NOT_FOUND', 'none'));
    await expect(asked).rejects.toMatchObject({ code: 'STREAM_DELETED', context: { stream: 'flights' } });
  });
});

describe('why a shard is not known', () => {
  const shard = { shardId: 'shardId-000000000000', isClosed: false };

  it('is no reason if stream and shard are there', async () => {
    kinesis.shards = [shard];
    const explained = kinesis.watch.explainMissing(shard.shardId);
    (await kinesis.call(0)).answer();
    await explained;
  });

  it('is that the stream no longer lists it', async () => {
    const explained = kinesis.watch.explainMissing(shard.shardId);
    (await kinesis.call(0)).answer();
    await expect(explained).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND', context: { shard: shard.shardId } });
  });
});

describe('hash keys of shards', () => {
  const shards = [
    { shardId: 'a', startingHashKey: '0', endingHashKey: '9', isClosed: false },
    { shardId: 'b', isClosed: false },
  ];

  it('are listed once for all shards, and belong to this incarnation', async () => {
    kinesis.shards = shards;
    const asked = Promise.all(['a', 'a', 'b'].map((shardId) => kinesis.watch.hashRangeOf(shardId)));
    (await kinesis.call(0)).answer();
    const [first, second, third] = await asked;
    expect(first?.holds({ partitionKey: 'x', explicitHashKey: '9' })).toBe(true);
    expect(first?.holds({ partitionKey: 'x', explicitHashKey: '10' })).toBe(false);
    expect(second).toBe(first);
    expect(third).toBeUndefined();
    expect(await kinesis.watch.hashRangeOf('a')).toBe(first);
    expect(kinesis.calls).toHaveLength(1);
  });

  it('are not those of another stream of the same name', async () => {
    kinesis.shards = shards;
    const asked = kinesis.watch.hashRangeOf('a');
    (await kinesis.call(0)).answer({ createdAtMs: 2_000 });
    await expect(asked).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
  });

  it('of a shard that is new are listed anew; those of one that is gone are not known', async () => {
    kinesis.shards = [];
    const gone = kinesis.watch.hashRangeOf('a');
    (await kinesis.call(0)).answer();
    expect(await gone).toBeUndefined();
    kinesis.nowMs += 1_000;
    kinesis.shards = shards;
    const found = kinesis.watch.hashRangeOf('a');
    (await kinesis.call(1)).answer();
    expect(await found).toBeDefined();
  });
});
