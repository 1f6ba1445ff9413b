import type { Position } from '../../src';
import { keys, withCrashRun, type CrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';

const JANE = { by: 'jane', reason: 'a test' };
/** Promised of a pause, a resume and a move on the local stack, milliseconds. */
const PROMISED_MS = 2_000;

/** Sequence number of the record that was put as the n-th, from 1. */
async function sequenceOf(run: CrashRun, nth: number): Promise<string> {
  const entry = (await run.entries()).find(
    ({ kind, ...more }) => kind === 'put' && 'id' in more && more.id === `r${nth}`,
  );
  return entry?.kind === 'put' ? entry.sequenceNumber : '';
}

/** How often each record was handled, in the order they were put. */
async function handlings(run: CrashRun, records: number): Promise<number[]> {
  const ids = await run.handledIds();
  return Array.from({ length: records }, (_, index) => ids.filter((id) => id === `r${index + 1}`).length);
}

async function timed<T>(action: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const result = await action();
  expect(performance.now() - startedAtMs).toBeLessThan(PROMISED_MS);
  return result;
}

async function statesOf(run: CrashRun): Promise<string[]> {
  return (await run.client.status(run.definition)).shards.map(({ state }) => state);
}

async function move(run: CrashRun, kind: 'rewind' | 'skip' | 'undo', to?: Position) {
  const previews = await run.client.previewMove(run.definition, { kind, to });
  return timed(() => run.client.move(run.definition, previews, JANE));
}

describe('a consumer that an operator steers', () => {
  it('pauses at a commit, stays paused when its worker dies and its stream is resharded, and resumes', async () => {
    await withCrashRun({ shards: 1 }, async (run) => {
      await run.put(keys(20));
      await run.start();
      const worker = await run.spawnWorker();
      await run.drained();
      expect(await timed(() => run.client.pause(run.definition, JANE))).toEqual({ shards: 1 });
      await run.put(keys(10));
      const [shard] = run.kinesis.shards(run.stream);
      run.kinesis.split(run.stream, shard?.shardId ?? '');
      await run.put(keys(10));
      await run.signal(worker, 'SIGKILL');
      await worker.exited;
      await run.spawnWorker();
      expect((await statesOf(run))[0]).toBe('PAUSED');
      expect((await run.handledIds()).length).toBe(20);
      expect(await timed(() => run.client.resume(run.definition, JANE))).toEqual({ shards: 1 });
      await run.drained();
      expect(await run.judge()).toMatchObject({ violations: {} });
    });
  });

  it('rewinds, skips ahead and undoes both; a worker that dies meanwhile changes nothing', async () => {
    await withCrashRun({ shards: 1 }, async (run) => {
      await run.put(keys(30));
      await run.start();
      const worker = await run.spawnWorker();
      await run.drained();

      await move(run, 'rewind', { at: 'FROM', sequenceNumber: await sequenceOf(run, 21) });
      const once = Array<number>(20).fill(1);
      await eventually(async () => (await handlings(run, 30)).slice(20).every((times) => times === 2), {
        what: 'the last ten again',
      });
      expect((await handlings(run, 30)).slice(0, 20)).toEqual(once);
      expect(await run.client.previewMove(run.definition, { kind: 'undo' })).toMatchObject([
        { refusal: expect.stringContaining('nothing left to undo') as string },
      ]);

      await run.client.pause(run.definition, JANE);
      await run.put(keys(10));
      await run.signal(worker, 'SIGKILL');
      const skipping = run.client.previewMove(run.definition, {
        kind: 'skip',
        to: { at: 'AFTER', sequenceNumber: await sequenceOf(run, 35) },
      });
      const [next, previews] = await Promise.all([worker.exited.then(() => run.spawnWorker()), skipping]);
      const [moved] = await run.client.move(run.definition, previews, JANE);
      expect(moved?.status).toMatchObject({ phase: 'PAUSED', lastMove: { kind: 'skip', ...JANE } });
      await run.client.resume(run.definition, JANE);
      await eventually(async () => (await handlings(run, 40)).slice(35).every((times) => times === 1), {
        what: 'the five behind the skip',
      });
      expect((await handlings(run, 40)).slice(30, 35)).toEqual([0, 0, 0, 0, 0]);

      await move(run, 'undo');
      await eventually(async () => (await handlings(run, 40)).slice(30, 35).every((times) => times === 1), {
        what: 'what was skipped',
      });
      await run.signal(next, 'SIGTERM');
      await next.exited;

      const [audit] = await run.client.audit(run.definition);
      expect(audit).toMatchObject({ isCovered: true });
      expect(audit?.findings.map(({ kind, cause }) => `${kind} ${cause}`)).toEqual([
        'rewound rewind by jane: a test',
        'skipped skip by jane: a test',
        'rewound undo by jane: a test',
      ]);
      const entries = await run.client.history(run.definition, { shardId: audit?.shardId ?? '' });
      expect(entries.flatMap(({ events }) => events.map(({ kind }) => kind))).toEqual(
        expect.arrayContaining(['claimed', 'paused', 'resumed']),
      );
    });
  });

  it('goes back to a restore point with all shards, those that have moved', async () => {
    await withCrashRun({ shards: 2 }, async (run) => {
      await run.put(keys(20));
      await run.start();
      await run.spawnWorker();
      await run.drained();
      const { restorePoints } = run.client;
      expect((await restorePoints.create(run.definition, 'before', JANE)).positions.size).toBe(2);
      await expect(restorePoints.create(run.definition, 'before', JANE)).rejects.toMatchObject({
        code: 'RESTORE_POINT_EXISTS',
      });
      expect(await restorePoints.preview(run.definition, 'before')).toEqual([]);
      await run.put(keys(10));
      await eventually(async () => (await handlings(run, 30)).every((times) => times === 1), { what: 'ten more' });
      const previews = await restorePoints.preview(run.definition, 'before');
      expect(previews.length).toBeGreaterThan(0);
      await run.client.move(run.definition, previews, JANE);
      await eventually(async () => (await handlings(run, 30)).slice(20).every((times) => times === 2), {
        what: 'the last ten again',
      });
      expect((await handlings(run, 30)).slice(0, 20)).toEqual(Array(20).fill(1));
      expect(await restorePoints.list(run.definition)).toMatchObject([{ name: 'before', by: 'jane' }]);
      await restorePoints.delete(run.definition, 'before');
      await expect(restorePoints.preview(run.definition, 'before')).rejects.toMatchObject({
        code: 'RESTORE_POINT_NOT_FOUND',
      });
    });
  });

  it('shows what cannot be done before it is asked for', async () => {
    await withCrashRun({ shards: 1 }, async (run) => {
      await run.put(keys(5));
      await run.start();
      await run.spawnWorker();
      await run.drained();
      const at = async (kind: 'rewind' | 'skip', to: Position) =>
        (await run.client.previewMove(run.definition, { kind, to }))[0];
      expect(await at('rewind', { at: 'AT_TIMESTAMP', timestampMs: Date.now() - 400 * 86_400_000 })).toMatchObject({
        warnings: [expect.stringContaining('retention keeps records since') as string],
      });
      expect((await at('skip', { at: 'AT_TIMESTAMP', timestampMs: Date.now() + 86_400_000 }))?.refusal).toContain(
        'to come',
      );
      expect((await at('rewind', { at: 'TRIM_HORIZON' }))?.nextArrivalMs).toBeGreaterThan(0);
      const ahead = { at: 'AFTER', sequenceNumber: '9'.repeat(60) } as const;
      expect((await at('rewind', ahead))?.refusal).toContain('not a position of this shard');
      const [preview] = await run.client.previewMove(run.definition, { kind: 'rewind', to: { at: 'TRIM_HORIZON' } });
      const spoilt = { ...preview, to: ahead } as NonNullable<typeof preview>;
      await expect(run.client.move(run.definition, [spoilt], JANE)).rejects.toMatchObject({ code: 'MOVE_REFUSED' });
      expect(await handlings(run, 5)).toEqual([1, 1, 1, 1, 1]);
    });
  });
});
