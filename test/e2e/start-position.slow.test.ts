import { keys, withCrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';
import { pagesSent } from '../support/source';

describe('a consumer that starts at LATEST', () => {
  it('loses nothing when the worker dies after an empty first page, before any checkpoint, and records arrive meanwhile', async () => {
    await withCrashRun({ consumer: { startFrom: 'LATEST' } }, async (run) => {
      // Older records must not be read, and the shard is not empty: some endpoints give LATEST of an empty shard another meaning.
      run.kinesis.advanceClock(-60_000);
      run.kinesis.put(run.stream, 'old', JSON.stringify({ id: 'old', key: 'old', counter: 1 }));
      run.kinesis.advanceClock(60_000);
      const { registration } = await run.start();
      expect(registration.start.at).toBe('AT_TIMESTAMP');

      const first = await run.spawnWorker();
      await eventually(() => pagesSent(run.kinesis) >= 2, { what: 'empty pages' });
      await run.signal(first, 'SIGKILL');
      await first.exited;
      await run.put(keys(40));
      await run.spawnWorker();
      await run.drained();
      const report = await run.judge();
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ records: 40, handled: 40, lost: 0, duplicates: 0 });
      expect(await run.handledIds()).not.toContain('old');
    });
  });

  it('keeps the time of its first start when it is started again', async () => {
    await withCrashRun({ consumer: { startFrom: 'LATEST' } }, async (run) => {
      const first = await run.start();
      await run.put(keys(5));
      const second = await run.start();
      expect(second.registration).toEqual(first.registration);
      await run.spawnWorker();
      await run.drained();
      expect((await run.judge()).violations).toEqual([]);
    });
  });
});
