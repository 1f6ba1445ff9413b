import type { CrashPoint } from '../../src/activities/crash-point';
import { keys, withCrashRun, type CrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';

jest.setTimeout(240_000);

const POINTS: readonly CrashPoint[] = ['fetched', 'handling', 'handled', 'committed', 'reporting'];

const SOURCES = [
  { source: 'polling', consumer: {} },
  { source: 'fan-out', consumer: { fanOut: {} } },
] as const;

const HEARTBEAT_TIMEOUT_MS = 60_000;
/**
 * Far from the heartbeat time-out. How fast it is on an idle machine is for the race to measure: the other worker has just started here, loads its sandbox
 * first (6 to 8 s were seen with other tests beside it), and a subscription is refused within 5 s of the one before.
 */
const HAND_OVER_LIMIT_MS = HEARTBEAT_TIMEOUT_MS / 3;

describe.each(SOURCES)('reading by $source:', ({ consumer }) => {
  describe('a worker killed with -9', () => {
    it.each(POINTS)(
      'at step "%s" loses nothing, repeats at most the batch in flight, and keeps order',
      async (point) => {
        await withCrashRun({ consumer }, async (run) => {
          await run.put(keys(40));
          await run.start();
          const first = await run.spawnWorker({
            TIDEMARK_CRASH_POINT: point,
            TIDEMARK_CRASH_AFTER: point === 'reporting' ? '1' : '2',
          });
          expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
          await run.signal(first, 'SIGKILL');
          await run.spawnWorker();
          await run.put(keys(20));
          await run.drained();

          const report = await run.judge();
          expect(report.violations).toEqual([]);
          expect(report).toMatchObject({ records: 60, lost: 0, orderInversions: 0 });
          // Only a crash between the effect and its commit repeats anything.
          expect(report.duplicates).toBe(point === 'handled' ? 10 : 0);
        });
      },
    );

    it('after the commit of SHARD_END and before its report starts the children all the same', async () => {
      await withCrashRun({ shards: 1, consumer }, async (run) => {
        await run.put(keys(20));
        await run.start();
        const first = await run.spawnWorker({ TIDEMARK_CRASH_POINT: 'shardEndCommitted' });
        const [shard] = run.kinesis.shards(run.stream);
        run.kinesis.split(run.stream, shard?.shardId ?? '');
        await run.put(keys(20));
        expect((await first.exited).signal).toBe('SIGKILL');
        await run.signal(first, 'SIGKILL');
        await run.spawnWorker();
        await run.drained();
        const report = await run.judge();
        expect(report.violations).toEqual([]);
        expect(report).toMatchObject({ records: 40, lost: 0, duplicates: 0, orderInversions: 0 });
      });
    });
  });

  describe('a worker stopped with SIGTERM', () => {
    it('finishes and commits its batch, and another one goes on without waiting for the heartbeat time-out', async () => {
      await withCrashRun(
        {
          consumer: { ...consumer, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS },
          handler: { beforeEffectMs: 300, afterEffectMs: 300 },
        },
        async (run) => {
          await run.put(keys(60));
          await run.start();
          const first = await run.spawnWorker();
          await eventually(async () => (await run.handledIds()).length > 0, { what: 'the first batch' });
          await run.spawnWorker();
          // Enough is left for the other one, however long it took to start.
          await run.put(keys(60));
          await run.signal(first, 'SIGTERM');
          expect(await first.exited).toEqual({ code: 0, signal: null });
          await run.drained();
          const report = await run.judge();
          expect(report.violations).toEqual([]);
          expect(report).toMatchObject({ records: 120, handled: 120, lost: 0, duplicates: 0 });
          expect(await handOverMs(run, first.name)).toBeLessThan(HAND_OVER_LIMIT_MS);
        },
      );
    });
  });
});

/** From the last effect of one worker to the first of another. */
async function handOverMs(run: CrashRun, worker: string): Promise<number> {
  const handled = (await run.entries()).flatMap((entry) => (entry.kind === 'handled' ? [entry] : []));
  const last = Math.max(...handled.filter((entry) => entry.worker === worker).map(({ at }) => at));
  const next = Math.min(...handled.filter((entry) => entry.worker !== worker && entry.at >= last).map(({ at }) => at));
  return next - last;
}
