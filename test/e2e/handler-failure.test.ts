import { keys, withCrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';

/** A failure that never ends, however long this machine takes. */
const onFailure = { maxAttempts: 1_000_000, maxBackoffMs: 2_000 };

describe('a batch whose handler fails', () => {
  it('is tried again and again, visibly, is never skipped, and other shards go on', async () => {
    await withCrashRun({ shards: 2, consumer: { maxBatchRecords: 5, onFailure } }, async (run) => {
      const [one = '', two = ''] = keyPerShard(
        run.kinesis.shards(run.stream).length,
        (key) =>
          run.kinesis.put(run.stream, key, JSON.stringify({ id: `probe-${key}`, key: `probe-${key}`, counter: 1 }))
            .shardId,
      );
      await run.put([...keys(0), one, one, two, two, one]);
      await run.start();
      const worker = await run.spawnWorker({}, { failingKey: one });
      const failing = await eventually(
        async () =>
          (await run.client.status(run.definition)).shards.find(
            (shard) => shard.state === 'RETRYING' && shard.failures >= 2,
          ),
        { timeoutMs: 20_000, what: 'the failing shard to be retrying' },
      );
      expect(failing?.lastError).toMatchObject({ code: 'HANDLER_FAILED' });
      expect(failing?.lastError?.message).not.toContain('planted failure');
      const handled = (await run.entries()).flatMap((entry) => (entry.kind === 'handled' ? [entry.key] : []));
      expect(handled.filter((key) => key === two)).toHaveLength(2);
      expect(handled).not.toContain(one);

      // The next deploy brings a handler that works.
      await run.signal(worker, 'SIGTERM');
      await worker.exited;
      await run.spawnWorker();
      await eventually(async () => (await run.handledIds()).length >= 5 + 2, {
        timeoutMs: 30_000,
        what: 'all records',
      });
      const first = (await run.entries()).flatMap((entry) =>
        entry.kind === 'handled' && entry.key === one ? [entry.counter] : [],
      );
      expect(first).toEqual([1, 2, 3]);
    });
  });
});

/** A partition key for each shard. */
function keyPerShard(shards: number, shardOf: (key: string) => string): string[] {
  const found = new Map<string, string>();
  for (let index = 0; found.size < shards && index < 100; index += 1) {
    const key = `key-${index}`;
    const shard = shardOf(key);
    if (!found.has(shard)) found.set(shard, key);
  }
  return [...found.values()];
}
