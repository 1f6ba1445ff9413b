import { Child } from '../../../bench/measure/child';
import { RaceStreams } from '../../../bench/race/race-streams';
import { createSubscriptionClient } from '../../../src/aws/clients';
import { AwsFanOut } from '../../../src/kinesis/aws-fan-out';
import type { FanOutEvent } from '../../../src/kinesis/fan-out-port';
import { localKinesisClient } from '../../support/scripted-kinesis/client';

jest.setTimeout(60_000);

const STREAM = 'orders';
const SHARD = 'shardId-000000000001';
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

it("the race's Kinesis pushes a backlog to one subscriber a shard", async () => {
  const { child, endpoint = '' } = await Child.start({ program: 'race/servers/race-kinesis.ts', order: {} });
  const streams = new RaceStreams(endpoint);
  const http2 = createSubscriptionClient({ region: 'us-east-1', kinesisEndpoint: endpoint, credentials: CREDENTIALS });
  const client = localKinesisClient(endpoint);
  const controller = new AbortController();
  try {
    await streams.create(STREAM, 2);
    const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
    const fanOut = new AwsFanOut(client, http2);
    const handle = { streamArn: arn, consumerName: 'race' };
    expect(await fanOut.findConsumer(handle)).toBeUndefined();
    const registered = await fanOut.registerConsumer(handle);
    expect(await fanOut.findConsumer(handle)).toEqual({ ...registered, status: 'ACTIVE' });
    expect(await fanOut.registerConsumer(handle)).toBeUndefined();
    const request = {
      consumerArn: registered?.arn ?? '',
      streamName: STREAM,
      shardId: SHARD,
      start: { type: 'TRIM_HORIZON' },
    } as const;
    const events = (await fanOut.subscribe(request, controller.signal))[Symbol.asyncIterator]();
    await expect(fanOut.subscribe(request, controller.signal)).rejects.toMatchObject({ code: 'SUBSCRIPTION_TAKEN' });

    await streams.release(STREAM, 5_000);
    const found = await take(events, 5_000);
    expect(found.map(({ records }) => records.length)).toEqual([2_000, 2_000, 1_000]);
    expect(found.map(({ millisBehindLatest }) => millisBehindLatest > 0)).toEqual([true, true, false]);
    const numbers = found.flatMap(({ records }) => records.map(({ sequenceNumber }) => BigInt(sequenceNumber)));
    expect(numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0n) + 1n)).toBe(true);
    expect(await streams.polls(STREAM)).toBe(0);
  } finally {
    controller.abort();
    http2.destroy();
    client.destroy();
    streams.close();
    await child.stop();
  }
});

async function take(events: AsyncIterator<FanOutEvent>, wanted: number): Promise<FanOutEvent[]> {
  const found: FanOutEvent[] = [];
  for (let count = 0; count < wanted;) {
    const { value, done } = await events.next();
    if (done) throw new Error('The subscription has ended');
    count += value.records.length;
    if (value.records.length > 0) found.push(value);
  }
  return found;
}
