import { resolveFanOut } from '../../../src/core/fan-out-options';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { FanOut, type SliceEnvironment } from '../../../src/kinesis/fan-out';
import type { FanOutEvent, FanOutPort } from '../../../src/kinesis/fan-out-port';
import type { StreamWatch } from '../../../src/kinesis/stream-watch';

const SHARD = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1, shardId: 'shard' };

async function* everyTurn(): AsyncGenerator<FanOutEvent> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    yield { records: [], millisBehindLatest: 5, childShards: [], continuation: '1' };
  }
}

/** A process whose subscriptions are all accepted; `signals` are theirs. */
function process(): { fanOut: FanOut; signals: AbortSignal[] } {
  const signals: AbortSignal[] = [];
  const port: FanOutPort = {
    findConsumer: async () => ({ name: 'delays', arn: 'arn', status: 'ACTIVE' }),
    registerConsumer: async () => undefined,
    subscribe: async (_, signal) => {
      signals.push(signal);
      return everyTurn();
    },
  };
  const options = resolveFanOut({}, 'delays', []);
  if (!options) throw new Error('fan-out is off');
  return { fanOut: new FanOut(port, options), signals };
}

const environment: SliceEnvironment = {
  watch: { recent: async () => undefined, fresh: async () => undefined } as unknown as StreamWatch,
  random: () => 0,
  now: () => 0,
  sleep: async () => undefined,
  onTrouble: () => undefined,
  committed: () => TRIM_HORIZON,
  assertHeld: async () => undefined,
  note: () => undefined,
  onRegistered: () => undefined,
};

it('a subscription that is made anew after a handler took its time is known, and ends with the process', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
  try {
    const { fanOut, signals } = process();
    const start = { shard: SHARD, position: TRIM_HORIZON, start: { type: 'TRIM_HORIZON' } } as const;
    const reader = fanOut.read(environment, start);
    const { signal } = new AbortController();
    await reader?.read(signal);
    jest.advanceTimersByTime(60_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await reader?.read(signal);
    fanOut.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  } finally {
    jest.useRealTimers();
  }
});
