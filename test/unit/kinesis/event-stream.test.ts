import * as fc from 'fast-check';
import { codeOf } from '../../../src/core/errors';
import { readMessages, type EventMessage } from '../../../src/kinesis/event-stream';
import { readEvents } from '../../../src/kinesis/fan-out-event';
import type { FanOutEvent } from '../../../src/kinesis/fan-out-port';
import { encodeEvent, encodeException, encodeMessage } from '../../support/scripted-kinesis/event-stream';

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function messagesOf(bytes: Buffer, size = bytes.length): Promise<EventMessage[]> {
  const found: EventMessage[] = [];
  for await (const message of readMessages(inChunks(bytes, Math.max(1, size)))) found.push(message);
  return found;
}

async function eventsOf(...messages: Buffer[]): Promise<FanOutEvent[]> {
  const found: FanOutEvent[] = [];
  for await (const event of readEvents(inChunks(Buffer.concat(messages), 100))) found.push(event);
  return found;
}

const TWO = Buffer.concat([
  encodeMessage({ ':message-type': 'event', name: 'é' }, Buffer.from('first')),
  encodeMessage({}, Buffer.alloc(0)),
]);

it('reads messages however they are cut into chunks', async () => {
  for (let size = 1; size <= TWO.length; size += 1) {
    const [first, second, ...more] = await messagesOf(TWO, size);
    expect([...(first?.headers ?? [])]).toEqual([
      [':message-type', 'event'],
      ['name', 'é'],
    ]);
    expect(first?.body.toString()).toBe('first');
    expect([second?.headers.size, second?.body.length, more.length]).toEqual([0, 0, 0]);
  }
});

it('says of a body that ends anywhere inside a message that it broke off', async () => {
  const first = TWO.length - 16;
  for (let length = 1; length < TWO.length; length += 1) {
    if (length === first) continue;
    await expect(messagesOf(TWO.subarray(0, length))).rejects.toMatchObject({ code: 'KINESIS_UNAVAILABLE' });
  }
});

it('refuses a message of which any bit is wrong', async () => {
  for (let bit = 0; bit < TWO.length * 8; bit += 1) {
    const damaged = Buffer.from(TWO);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await expect(messagesOf(damaged, 7)).rejects.toMatchObject({ code: 'INVALID_ANSWER' });
  }
});

it('never does anything but refuse other bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const error: unknown = await messagesOf(Buffer.from(bytes), 9).catch((failure: unknown) => failure);
      expect(['INVALID_ANSWER', 'KINESIS_UNAVAILABLE']).toContain(codeOf(error));
    }),
  );
});

describe('an event', () => {
  const record = {
    SequenceNumber: '4961',
    PartitionKey: 'key "ContinuationSequenceNumber":"1"',
    Data: Buffer.from('payload').toString('base64'),
    ApproximateArrivalTimestamp: 1_700_000_000.5,
  };

  it('brings records, lag and continuation', async () => {
    const body = { Records: [record], MillisBehindLatest: 7, ContinuationSequenceNumber: '4962' };
    const [event] = await eventsOf(
      encodeEvent('initial-response', undefined),
      encodeEvent('SubscribeToShardEvent', body),
    );
    expect(event).toMatchObject({ millisBehindLatest: 7, continuation: '4962', childShards: [] });
    expect(event?.records).toMatchObject([{ sequenceNumber: '4961', arrivalMs: 1_700_000_000_500 }]);
    expect(Buffer.from(event?.records[0]?.data ?? []).toString()).toBe('payload');
  });

  it('brings child shards and no continuation at the end', async () => {
    const child = { ShardId: 'shardId-000000000001', ParentShards: ['shardId-000000000000'] };
    const body = { Records: [], MillisBehindLatest: 0, ChildShards: [child] };
    const [event] = await eventsOf(encodeEvent('SubscribeToShardEvent', body));
    expect(event?.continuation).toBeUndefined();
    expect(event?.childShards).toEqual([{ shardId: 'shardId-000000000001', parentShardIds: ['shardId-000000000000'] }]);
  });

  it('of a kind that is not known is passed over', async () => {
    expect(await eventsOf(encodeEvent('SomethingNewEvent', { Records: [record] }))).toEqual([]);
  });
});

it.each([
  ['a modelled exception', encodeException('ResourceInUseException', 'taken'), 'ResourceInUseException', 'client'],
  [
    'a failure of the service',
    encodeException('InternalFailureException', 'oops'),
    'InternalFailureException',
    'server',
  ],
  [
    'an error without a model',
    encodeMessage({ ':message-type': 'error', ':error-code': 'Throttling', ':error-message': 'slow' }, Buffer.alloc(0)),
    'Throttling',
    'client',
  ],
])('throws %s', async (_name, message, name, $fault) => {
  await expect(eventsOf(message)).rejects.toMatchObject({ name, $fault });
});

it('refuses a message of no known type', async () => {
  await expect(eventsOf(encodeMessage({}, Buffer.alloc(0)))).rejects.toMatchObject({ code: 'INVALID_ANSWER' });
});
