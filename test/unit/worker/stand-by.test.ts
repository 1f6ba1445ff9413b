import type { ConsumerRuntime } from '../../../src/activities';
import { TidemarkError } from '../../../src/core/errors';
import type { StreamIncarnation } from '../../../src/core/names';
import { defineConsumer } from '../../../src/handler/define-consumer';
import { standBy } from '../../../src/worker/stand-by';
import { eventually } from '../../support/eventually';

const STREAM = { streamName: 'flights', streamArn: 'arn', createdAtMs: 1_000 };
const definition = defineConsumer({ name: 'delays', stream: 'flights', startFrom: 'LATEST', handler: () => undefined });

/** A consumer's services that note what they are asked. */
class AskedServices {
  readonly described: string[] = [];
  readonly looked: StreamIncarnation[] = [];

  constructor(private readonly failure?: TidemarkError) {}

  readonly runtime = {
    definition,
    kinesis: {
      describeStream: async ({ streamName }: { streamName: string }) => {
        this.described.push(streamName);
        if (this.failure) throw this.failure;
        return STREAM;
      },
    },
    store: { findRegistration: async (stream: StreamIncarnation) => void this.looked.push(stream) },
  } as unknown as ConsumerRuntime;
}

function begin(services: readonly AskedServices[], running: readonly string[] = []): { stop(): void } {
  const consumers = new Map(services.map(({ runtime }, index) => [String(index), runtime]));
  return standBy([], { consumers, running: new Set(running) });
}

it('asks the stream and the table of every consumer once, whatever the others answer', async () => {
  const away = new AskedServices(new TidemarkError('KINESIS_UNAVAILABLE', 'away'));
  const there = new AskedServices();
  const waiting = begin([away, there]);
  await eventually(() => expect(there.looked).toEqual([{ consumer: 'delays', ...STREAM }]));
  expect(away).toMatchObject({ described: ['flights'], looked: [] });
  expect(there.described).toEqual(['flights']);
  waiting.stop();
});

it.each([
  ['has shards', ['delays/flights/shardId-000000000000'], false],
  ['is stopped at once', [], true],
])('asks nothing where the worker %s', async (_, running, isStopped) => {
  jest.useFakeTimers();
  const services = new AskedServices();
  const waiting = begin([services], running);
  if (isStopped) waiting.stop();
  await jest.advanceTimersByTimeAsync(10_000);
  jest.useRealTimers();
  expect(services.described).toEqual([]);
});
