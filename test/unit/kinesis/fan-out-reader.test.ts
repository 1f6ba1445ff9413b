import { codeOf } from '../../../src/core/errors';
import { lend } from '../../../src/handler/thread/payloads';
import { eventually } from '../../support/eventually';
import { FanOutScene, SHARD } from './fan-out-scene';
import { NEVER, readTexts, textsOf } from './shard-reader-scene';

let scene: FanOutScene;
afterEach(() => scene.close());

/** The starting positions that Kinesis was asked for. */
function starts(): unknown[] {
  return scene.server.requests.list('SubscribeToShard').map(({ body }) => body['StartingPosition']);
}

describe('reading', () => {
  it('brings every record in order, over HTTP/2, and new ones as they come', async () => {
    scene = await FanOutScene.open({ subscriptions: { eventRecords: 2 } });
    scene.put('a', 'b', 'c');
    const reader = scene.reader();
    expect(await readTexts(reader, 3)).toEqual(['a', 'b', 'c']);
    const next = readTexts(reader, 1);
    scene.put('d');
    expect(await next).toEqual(['d']);
    expect(scene.server.requests.count('SubscribeToShard')).toBe(1);
    expect(scene.server.requests.count('GetRecords')).toBe(0);
    expect(scene.steps).toEqual(['subscribed']);
    expect(scene.troubles).toEqual([]);
  });

  it.each([
    ['after a record', (): ReturnType<FanOutScene['after']> => scene.after('a'), ['b', 'c']],
    ['from a record', () => ({ at: 'FROM', sequenceNumber: scene.numberOf('b') }) as const, ['b', 'c']],
  ])('begins %s', async (_name, position, expected) => {
    scene = await FanOutScene.open();
    scene.put('a', 'b', 'c');
    expect(await readTexts(scene.reader(position()), 2)).toEqual(expected);
  });

  it('begins at a time', async () => {
    scene = await FanOutScene.open();
    scene.put('old');
    scene.server.advanceClock(60_000);
    const timestampMs = scene.server.now();
    scene.put('new');
    expect(await readTexts(scene.reader({ at: 'AT_TIMESTAMP', timestampMs }), 1)).toEqual(['new']);
  });

  it('brings payloads that stay for the next slice, whatever thread this one gives them to', async () => {
    scene = await FanOutScene.open();
    const text = 'a'.repeat(2 * Buffer.poolSize);
    scene.put(text);
    const { records } = await scene.reader().read(NEVER);
    const { packed, transfer } = lend(records, false);
    structuredClone(packed, { transfer });
    expect(await readTexts(scene.reader(), 1)).toEqual([text]);
  });

  it('hands out events in order', async () => {
    scene = await FanOutScene.open({ subscriptions: { eventRecords: 1 } });
    scene.put('a', 'b', 'c');
    expect(await readTexts(scene.reader(), 3)).toEqual(['a', 'b', 'c']);
  });

  it('names a time at which everything had been read as long as nothing was waiting', async () => {
    scene = await FanOutScene.open({ subscriptions: { idleMs: 400 } });
    const subscribedAtMs = scene.server.now();
    const reader = scene.reader();
    const first = await reader.read(NEVER);
    expect(first.askedAtMs).toBeGreaterThanOrEqual(subscribedAtMs);
    const second = await reader.read(NEVER);
    // The second was waited for: it cannot have been sent before the waiting began.
    expect(second.askedAtMs).toBeGreaterThanOrEqual(first.askedAtMs);
    expect(second.askedAtMs).toBeLessThanOrEqual(scene.server.now() - 40);
    expect(second.millisBehindLatest).toBe(0);
  });

  it('does not take an empty event that lay in a buffer for news', async () => {
    scene = await FanOutScene.open({ subscriptions: { idleMs: 100 } });
    const reader = scene.reader();
    const { askedAtMs } = await reader.read(NEVER);
    await new Promise((resolve) => setTimeout(resolve, 350));
    scene.put('a');
    await eventually(() => (scene.server.subscriptions[0]?.events ?? 0) > 4);
    const result = await reader.read(NEVER);
    expect(textsOf(result)).toEqual(['a']);
    expect(result.askedAtMs).toBeGreaterThan(askedAtMs);
  });

  it('stops at once when its signal aborts', async () => {
    scene = await FanOutScene.open({ subscriptions: { idleMs: 60_000 } });
    const controller = new AbortController();
    const reader = scene.reader();
    await reader.read(controller.signal);
    const pending = reader.read(controller.signal);
    controller.abort(new Error('stop'));
    await expect(pending).rejects.toThrow('stop');
  });
});

describe('the end of the shard', () => {
  it('brings the children', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const children = scene.server.split('flights', SHARD);
    const reader = scene.reader();
    const result = await reader.read(NEVER);
    expect(textsOf(result)).toEqual(['a']);
    expect(result.end).toEqual({ childShardIds: children });
  });

  it('is confirmed by the listing where an event names no children', async () => {
    scene = await FanOutScene.open();
    const reader = scene.reader();
    await reader.read(NEVER);
    const children = scene.server.split('flights', SHARD);
    scene.server.subscriptions[0]?.silence();
    scene.server.subscriptions[0]?.event({ Records: [], MillisBehindLatest: 0 });
    const result = await readUntilEnd(reader);
    expect(result).toEqual({ childShardIds: children });
  });

  it('is not believed while the listing has the shard open: the event is thrown away and asked for again', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    const [subscription] = scene.server.subscriptions;
    subscription?.silence();
    subscription?.event({ Records: [], MillisBehindLatest: 0 });
    scene.onWait = () => {
      if (scene.troubles.includes('INVALID_ANSWER') && scene.server.shards('flights').length === 1) scene.put('b');
      scene.onWait = () => undefined;
    };
    expect(await readTexts(reader, 1)).toEqual(['b']);
    expect(scene.troubles).toEqual(['INVALID_ANSWER', 'ok']);
  });

  it('is there for the next slice too', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const children = scene.server.split('flights', SHARD);
    await scene.reader().read(NEVER);
    const result = await scene.reader(scene.after('a')).read(NEVER);
    expect(result).toMatchObject({ records: [], end: { childShardIds: children } });
    expect(scene.server.requests.count('SubscribeToShard')).toBe(1);
  });
});

describe('renewal', () => {
  it('goes on after the last record, without a gap or a repetition', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    scene.pass(300_000);
    scene.server.subscriptions[0]?.end();
    scene.put('b');
    expect(await readTexts(reader, 1)).toEqual(['b']);
    expect(scene.steps).toEqual(['subscribed', 'expired', 'subscribed']);
    expect(scene.troubles).toEqual([]);
    expect(starts()[1]).toEqual({ Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: scene.numberOf('a') });
  });

  it('goes on at the continuation where nothing was written to the shard for a while', async () => {
    scene = await FanOutScene.open({ shards: 2 });
    scene.put('a');
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    scene.server.put('flights', 'key', 'elsewhere', { shardId: 'shardId-000000000001' });
    await reader.read(NEVER);
    await reader.read(NEVER);
    scene.pass(300_000);
    scene.server.subscriptions[0]?.end();
    scene.put('b');
    expect(await readTexts(reader, 1)).toEqual(['b']);
    const [, second] = starts() as { Type: string; SequenceNumber: string }[];
    expect(second?.Type).toBe('AT_SEQUENCE_NUMBER');
    expect(BigInt(second?.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(scene.numberOf('a')));
  });

  it('falls back to the last record where the continuation is refused', async () => {
    scene = await FanOutScene.open({ shards: 2 });
    scene.put('a');
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    scene.server.put('flights', 'key', 'elsewhere', { shardId: 'shardId-000000000001' });
    await reader.read(NEVER);
    await reader.read(NEVER);
    const fault = scene.server.faults.add({
      operation: 'SubscribeToShard',
      when: ({ body }) => (body['StartingPosition'] as { Type: string }).Type === 'AT_SEQUENCE_NUMBER',
      action: { error: 'InvalidArgumentException' },
    });
    scene.server.subscriptions[0]?.end();
    scene.put('b');
    expect(await readTexts(reader, 1)).toEqual(['b']);
    expect(fault.hits).toBe(1);
  });

  it('waits until 5 s have passed since the last subscription was accepted', async () => {
    scene = await FanOutScene.open();
    const reader = scene.reader();
    await reader.read(NEVER);
    scene.server.subscriptions[0]?.end();
    scene.put('a');
    expect(await readTexts(reader, 1)).toEqual(['a']);
    const [first = 0, second = 0] = scene.subscribedAt;
    expect(second - first).toBeGreaterThanOrEqual(5_000);
  });
});

describe('trouble', () => {
  it('waits out a subscription of another that is younger than 5 s, call by call', async () => {
    scene = await FanOutScene.open();
    scene.put('a');
    const fault = scene.server.faults.add({
      operation: 'SubscribeToShard',
      times: 3,
      action: { error: 'ResourceInUseException' },
    });
    expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
    expect(fault.hits).toBe(3);
    expect(scene.troubles).toEqual(['SUBSCRIPTION_TAKEN', 'SUBSCRIPTION_TAKEN', 'SUBSCRIPTION_TAKEN', 'ok']);
    expect(scene.waitsMs).toEqual([100, 100, 100]);
  });

  it.each([
    ['LimitExceededException', 'THROUGHPUT_EXCEEDED'],
    ['KMSThrottlingException', 'THROUGHPUT_EXCEEDED'],
    ['InternalFailure', 'KINESIS_UNAVAILABLE'],
  ])('waits out %s', async (error, code) => {
    scene = await FanOutScene.open();
    scene.put('a');
    scene.server.faults.add({ operation: 'SubscribeToShard', times: 1, action: { error } });
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    await reader.read(NEVER);
    expect(scene.troubles).toEqual([code, 'ok']);
  });

  it.each([
    [
      'an exception',
      'KINESIS_UNAVAILABLE',
      (): void => scene.server.subscriptions[0]?.fail('InternalFailureException'),
    ],
    ['throttling', 'THROUGHPUT_EXCEEDED', () => scene.server.subscriptions[0]?.fail('KMSThrottlingException')],
    [
      'a connection that breaks',
      'KINESIS_UNAVAILABLE',
      (): void => {
        scene.server.outage(true);
        scene.server.outage(false);
      },
    ],
    ['a session that goes away', 'KINESIS_UNAVAILABLE', () => scene.server.subscriptions[0]?.goAway()],
    ['bytes that are no event', 'INVALID_ANSWER', () => scene.server.subscriptions[0]?.write(Buffer.alloc(64, 7))],
    [
      'half an event',
      'KINESIS_UNAVAILABLE',
      (): void => {
        scene.server.subscriptions[0]?.silence();
        scene.server.subscriptions[0]?.write(Buffer.from([0, 0, 1]));
        scene.server.subscriptions[0]?.end();
      },
    ],
  ])('gets over %s', async (_name, code, happen) => {
    scene = await FanOutScene.open();
    scene.put('a');
    const reader = scene.reader();
    expect(await readTexts(reader, 1)).toEqual(['a']);
    happen();
    scene.put('b');
    expect(await readTexts(reader, 1)).toEqual(['b']);
    expect(scene.troubles.filter((trouble) => trouble !== 'ok')).toContain(code);
    expect(scene.steps).toEqual(['subscribed', 'broken', 'subscribed']);
  });

  it.each(['SubscribeToShard', 'events'])('gives up silence: %s', async (where) => {
    scene = await FanOutScene.open({ silenceMs: 1_000 });
    scene.put('a');
    const reader = scene.reader();
    if (where === 'SubscribeToShard')
      scene.server.faults.add({ operation: 'SubscribeToShard', times: 1, action: { hang: true } });
    expect(await readTexts(reader, 1)).toEqual(['a']);
    scene.server.subscriptions[0]?.silence();
    scene.put('b');
    expect(await readTexts(reader, 1)).toEqual(['b']);
    expect(scene.troubles).toContain('KINESIS_UNAVAILABLE');
  });

  it('ends where a key may not be used', async () => {
    scene = await FanOutScene.open();
    const reader = scene.reader();
    await reader.read(NEVER);
    scene.server.subscriptions[0]?.fail('KMSAccessDeniedException');
    await expect(readUntilEnd(reader)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('ends where the stream is gone', async () => {
    scene = await FanOutScene.open();
    const reader = scene.reader();
    await reader.read(NEVER);
    scene.server.deleteStream('flights');
    scene.server.subscriptions[0]?.fail('ResourceNotFoundException');
    await expect(readUntilEnd(reader)).rejects.toMatchObject({ code: 'STREAM_DELETED' });
  });

  it('ends with a sequence number of another stream', async () => {
    scene = await FanOutScene.open();
    const reader = scene.reader({ at: 'AFTER', sequenceNumber: '4957' });
    const error: unknown = await reader.read(NEVER).catch((failure: unknown) => failure);
    expect(codeOf(error)).toBe('INVALID_SEQUENCE_NUMBER');
  });
});

async function readUntilEnd(reader: ReturnType<FanOutScene['reader']>): Promise<unknown> {
  for (;;) {
    const { end } = await reader.read(NEVER);
    if (end) return end;
  }
}
