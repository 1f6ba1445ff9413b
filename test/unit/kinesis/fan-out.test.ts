import { TidemarkError } from '../../../src/core/errors';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { eventually } from '../../support/eventually';
import { FanOutScene } from './fan-out-scene';
import { NEVER, readTexts } from './shard-reader-scene';

let scene: FanOutScene;
afterEach(() => scene.close());

const subscriptions = (): number => scene.server.requests.count('SubscribeToShard');

describe('the next slice', () => {
  it('reads on from the same subscription, and again what was not committed', async () => {
    scene = await FanOutScene.open({ subscriptions: { eventRecords: 1 } });
    scene.put('a', 'b', 'c');
    expect(await readTexts(scene.reader(), 3)).toEqual(['a', 'b', 'c']);
    const next = scene.reader(scene.after('a'));
    scene.put('d');
    expect(await readTexts(next, 3)).toEqual(['b', 'c', 'd']);
    expect(subscriptions()).toBe(1);
  });

  it('reads on although an event is awaited by a read of the slice before', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const controller = new AbortController();
    const first = scene.reader();
    expect(await readTexts(first, 1)).toEqual(['a']);
    const pending = first.read(controller.signal);
    controller.abort(new Error('the slice has ended'));
    await expect(pending).rejects.toThrow('the slice has ended');
    scene.put('b');
    expect(await readTexts(scene.reader(scene.after('a')), 1)).toEqual(['b']);
    expect(subscriptions()).toBe(1);
  });

  it('that begins in the middle of what one event brought gets the rest of it', async () => {
    scene = await FanOutScene.open();
    scene.put('a', 'b', 'c');
    expect(await readTexts(scene.reader(), 3)).toEqual(['a', 'b', 'c']);
    const from = { at: 'FROM', sequenceNumber: scene.numberOf('b') } as const;
    expect(await readTexts(scene.reader(from), 2)).toEqual(['b', 'c']);
    expect(subscriptions()).toBe(1);
  });

  it('of a shard of which nothing is committed yet resumes too', async () => {
    scene = await FanOutScene.open();
    await scene.reader().read(NEVER);
    await scene.reader().read(NEVER);
    expect(subscriptions()).toBe(1);
  });

  it('subscribes anew where the checkpoint was moved to what is no longer at hand', async () => {
    scene = await FanOutScene.open({ subscriptions: { eventRecords: 1 } });
    scene.put('a', 'b');
    const reader = scene.reader();
    expect(await readTexts(reader, 2)).toEqual(['a', 'b']);
    scene.committed = scene.after('b');
    scene.put('c');
    expect(await readTexts(reader, 1)).toEqual(['c']);
    const from = { at: 'FROM', sequenceNumber: scene.numberOf('a') } as const;
    expect(await readTexts(scene.reader(from), 3)).toEqual(['a', 'b', 'c']);
    expect(subscriptions()).toBe(2);
    // Of the same stream consumer: not before 5 s have passed.
    const [first = 0, second = 0] = scene.subscribedAt;
    expect(second - first).toBeGreaterThanOrEqual(5_000);
  });

  it('has the shard: a read of the one before ends', async () => {
    scene = await FanOutScene.open();
    const before = scene.reader();
    await before.read(NEVER);
    await scene.reader().read(NEVER);
    await expect(before.read(NEVER)).rejects.toMatchObject({ code: 'OWNERSHIP_EXPIRED' });
  });
});

describe('another process that subscribes', () => {
  it('takes over; the one before does not take it back once its checkpoint is another’s', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const zombie = scene.reader();
    expect(await readTexts(zombie, 1)).toEqual(['a']);
    const other = scene.process();
    try {
      const owner = scene.reader(TRIM_HORIZON, { fanOut: other });
      expect(await readTexts(owner, 1)).toEqual(['a']);
      scene.assertHeld = () =>
        Promise.reject(new TidemarkError('OWNERSHIP_EXPIRED', 'Another execution has the shard'));
      await expect(readTexts(zombie, 1)).rejects.toMatchObject({ code: 'OWNERSHIP_EXPIRED' });
      expect(scene.troubles).toContain('SUBSCRIPTION_TAKEN');
      scene.put('b');
      expect(await readTexts(owner, 1)).toEqual(['b']);
      expect(subscriptions()).toBe(2);
    } finally {
      other.close();
    }
  });

  it('is waited for by the one whose shard it still is, and then taken over from', async () => {
    scene = await FanOutScene.open();
    const owner = scene.reader();
    await owner.read(NEVER);
    let looks = 0;
    scene.assertHeld = async () => void (looks += 1);
    const other = scene.process();
    try {
      await scene.reader(TRIM_HORIZON, { fanOut: other }).read(NEVER);
      scene.put('a');
      expect(await readTexts(owner, 1)).toEqual(['a']);
      expect(looks).toBe(1);
      expect(scene.steps).toEqual(['subscribed', 'subscribed', 'taken', 'subscribed']);
    } finally {
      other.close();
    }
  });

  it('does not begin while the checkpoint cannot be looked at', async () => {
    scene = await FanOutScene.open();
    const reader = scene.reader();
    await reader.read(NEVER);
    let failures = 2;
    scene.assertHeld = () => {
      failures -= 1;
      if (failures < 0) return Promise.resolve();
      return Promise.reject(new TidemarkError('DYNAMODB_UNAVAILABLE', 'away'));
    };
    scene.server.subscriptions[0]?.fail('InternalFailureException');
    scene.put('a');
    expect(await readTexts(reader, 1)).toEqual(['a']);
    expect(scene.troubles).toEqual(expect.arrayContaining(['DYNAMODB_UNAVAILABLE', 'ok']));
    expect(subscriptions()).toBe(2);
  });
});

describe('the stream consumer', () => {
  it('is registered by the first shard that reads, once, and looked up once for all', async () => {
    scene = await FanOutScene.open({ shards: 2, fanOut: { consumerName: 'analytics' } });
    scene.server.consumers.initialStatus = 'CREATING';
    const made = scene.server.requests;
    const shards = ['shardId-000000000000', 'shardId-000000000001'];
    const reads = Promise.all(shards.map((shardId) => scene.reader(TRIM_HORIZON, { shardId }).read(NEVER)));
    await eventually(() => made.count('RegisterStreamConsumer') === 1);
    const consumer = scene.server.consumers.findByArn(await eventually(() => scene.registered[0]));
    expect(consumer.name).toBe('analytics');
    consumer.status = 'ACTIVE';
    await reads;
    expect(scene.registered).toHaveLength(1);
    expect(made.count('RegisterStreamConsumer')).toBe(1);
  });

  it('that another process registers at the same time is used', async () => {
    scene = await FanOutScene.open();
    const arn = registerElsewhere();
    scene.server.faults.add({
      operation: 'DescribeStreamConsumer',
      times: 1,
      action: { error: 'ResourceNotFoundException' },
    });
    await scene.reader().read(NEVER);
    expect(scene.registered).toEqual([]);
    expect(scene.server.requests.list('SubscribeToShard')[0]?.body['ConsumerARN']).toBe(arn);
  });

  it.each([{ consumerName: 'shared' }, { consumerArn: 'shared' }])(
    'that exists is used and never registered: %p',
    async (given) => {
      scene = await FanOutScene.open();
      const arn = registerElsewhere('shared');
      const options = 'consumerArn' in given ? { consumerArn: arn } : { ...given, lifecycle: 'existing' as const };
      const fanOut = scene.process(options);
      try {
        await scene.reader(TRIM_HORIZON, { fanOut }).read(NEVER);
        expect(scene.server.requests.count('RegisterStreamConsumer')).toBe(0);
        expect(scene.server.requests.list('SubscribeToShard')[0]?.body['ConsumerARN']).toBe(arn);
      } finally {
        fanOut.close();
      }
    },
  );

  it('that is missing is polled around, and looked for again after 5 minutes', async () => {
    scene = await FanOutScene.open({ fanOut: { lifecycle: 'existing' } });
    scene.put('a');
    await scene.reader().read(NEVER);
    expect(scene.polled).toEqual([{ type: 'TRIM_HORIZON' }]);
    const looks = scene.server.requests.count('DescribeStreamConsumer');
    await scene.reader().read(NEVER);
    expect(scene.server.requests.count('DescribeStreamConsumer')).toBe(looks);
    registerElsewhere();
    scene.pass(300_000);
    expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
    expect(scene.polled).toHaveLength(2);
  });

  it('that is taken away while it is read from is not registered again by this process', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    scene.server.deregisterConsumer('flights', 'delays');
    await eventually(async () => (await reader.read(NEVER)) && scene.polled.length > 0);
    expect(scene.polled).toEqual([{ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: scene.numberOf('a') }]);
    expect(scene.server.requests.count('RegisterStreamConsumer')).toBe(1);
  });

  it('that is missing is waited for, if the options say so', async () => {
    scene = await FanOutScene.open({ fanOut: { lifecycle: 'existing', whenGone: 'wait' } });
    scene.put('a');
    scene.onWait = (waits) => {
      if (waits === 3) registerElsewhere();
    };
    expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
    expect(scene.troubles).toEqual([
      'STREAM_CONSUMER_MISSING',
      'STREAM_CONSUMER_MISSING',
      'STREAM_CONSUMER_MISSING',
      'ok',
    ]);
    expect(scene.polled).toEqual([]);
  });

  it('for which the stream has no room counts as missing', async () => {
    scene = await FanOutScene.open();
    for (let count = 0; count < 20; count += 1) registerElsewhere(`other-${count}`);
    await scene.reader().read(NEVER);
    expect(scene.polled).toHaveLength(1);
  });

  it('that cannot be described for a moment is described again', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    scene.server.faults.add({
      operation: 'DescribeStreamConsumer',
      times: 2,
      action: { error: 'LimitExceededException' },
    });
    expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
    expect(scene.troubles).toEqual(['THROUGHPUT_EXCEEDED', 'THROUGHPUT_EXCEEDED', 'ok']);
  });
});

/** Registers a stream consumer as somebody else does; gives its ARN. */
function registerElsewhere(name = 'delays'): string {
  return scene.server.registerConsumer('flights', name);
}
