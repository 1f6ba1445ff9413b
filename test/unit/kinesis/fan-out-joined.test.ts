import { resolveFanOut } from '../../../src/core/fan-out-options';
import { TidemarkError } from '../../../src/core/errors';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { FanOut } from '../../../src/kinesis/fan-out';
import type { FanOutEvent, FanOutPort } from '../../../src/kinesis/fan-out-port';
import type { StreamWatch } from '../../../src/kinesis/stream-watch';

const SHARD = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1, shardId: 'shard' };
const START = { shard: SHARD, position: TRIM_HORIZON, start: { type: 'TRIM_HORIZON' } } as const;

/** An event of so many records, the first of which has the number `first`. */
function event(first: number, count: number): FanOutEvent {
  const records = Array.from({ length: count }, (_, index) => ({
    sequenceNumber: String(first + index),
    partitionKey: 'key',
    data: Buffer.from('x'),
    arrivalMs: 1,
  }));
  return { records, millisBehindLatest: 0, childShards: [], continuation: String(first + count - 1) };
}

/** Reads from a subscription that has sent these events already, and goes on with `then`. */
function read(events: readonly FanOutEvent[], then: () => Promise<void> = () => new Promise(() => undefined)) {
  const troubles: unknown[] = [];
  const port: FanOutPort = {
    findConsumer: async () => ({ name: 'delays', arn: 'arn', status: 'ACTIVE' }),
    registerConsumer: async () => undefined,
    subscribe: async () =>
      (async function* () {
        yield* events;
        await then();
      })(),
  };
  const options = resolveFanOut({}, 'delays', []);
  if (!options) throw new Error('fan-out is off');
  const fanOut = new FanOut(port, options);
  const reader = fanOut.read(
    {
      watch: { recent: async () => undefined, fresh: async () => undefined } as unknown as StreamWatch,
      random: () => 0,
      now: () => 0,
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
      onTrouble: (error) => troubles.push(error),
      committed: () => TRIM_HORIZON,
      assertHeld: async () => undefined,
      note: () => undefined,
      onRegistered: () => undefined,
    },
    START,
  );
  if (!reader) throw new Error('there is no reader');
  const { signal } = new AbortController();
  const numbers = async (): Promise<number[]> =>
    (await reader.read(signal)).records.map(({ sequenceNumber }) => Number(sequenceNumber));
  return { numbers, troubles, close: () => fanOut.close() };
}

const upTo = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

it('small events that have come already are one result', async () => {
  const { numbers, close } = read(upTo(1, 25).map((first) => event(first, 1)));
  expect(await numbers()).toEqual(upTo(1, 25));
  close();
});

it('no more is joined than a batch has', async () => {
  const { numbers, close } = read(upTo(0, 6).map((index) => event(1 + index * 400, 400)));
  expect(await numbers()).toEqual(upTo(1, 1_200));
  expect(await numbers()).toEqual(upTo(1_201, 1_200));
  close();
});

it('what came before a failure is handed out before it', async () => {
  let failures = 0;
  const { numbers, troubles, close } = read([event(1, 1), event(2, 1)], async () => {
    failures += 1;
    if (failures > 2) return new Promise(() => undefined);
    throw new TidemarkError('KINESIS_UNAVAILABLE', 'broken');
  });
  expect(await numbers()).toEqual([1, 2]);
  expect(troubles).toEqual([]);
  close();
});
