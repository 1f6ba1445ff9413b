import type { ConsumerRuntime } from '../../../src/activities';
import { TidemarkError } from '../../../src/core/errors';
import type { StreamIncarnation } from '../../../src/core/names';
import { defineConsumer } from '../../../src/handler/define-consumer';
import { RehearsingWorker } from '../../../src/worker/rehearsing-worker';
import { meetServices, standBy } from '../../../src/worker/stand-by';

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

function consumersOf(...services: AskedServices[]): Map<string, ConsumerRuntime> {
  return new Map(services.map(({ runtime }, index) => [String(index), runtime]));
}

it('asks the stream and the table of every consumer once, whatever the others answer', async () => {
  const away = new AskedServices(new TidemarkError('KINESIS_UNAVAILABLE', 'away'));
  const there = new AskedServices();
  await meetServices({ consumers: consumersOf(away, there) });
  expect(there).toMatchObject({ described: ['flights'], looked: [{ consumer: 'delays', ...STREAM }] });
  expect(away).toMatchObject({ described: ['flights'], looked: [] });
});

/** A worker that only counts its rehearsals. */
class CountingWorker extends RehearsingWorker {
  rehearsals = 0;

  override async rehearse(): Promise<readonly Uint8Array[]> {
    this.rehearsals += 1;
    return [];
  }
}

it.each([
  ['rehearses once where no work has come', [], false, 1],
  ['does not rehearse where it has shards', ['delays/flights/shardId-000000000000'], false, 0],
  ['does not rehearse once it is stopped', [], true, 0],
])('%s', async (_, running, isStopped, rehearsals) => {
  jest.useFakeTimers();
  const worker = Object.assign(Object.create(CountingWorker.prototype) as CountingWorker, { rehearsals: 0 });
  const waiting = standBy([worker], { running: new Set(running) });
  if (isStopped) waiting.stop();
  await jest.advanceTimersByTimeAsync(10_000);
  jest.useRealTimers();
  expect(worker.rehearsals).toBe(rehearsals);
});
