import { keys, withCrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';

jest.setTimeout(240_000);

/** What the other tests say of polling, on the second source: over HTTP/2, with the times of AWS. */
const FAN_OUT = { consumer: { fanOut: {} } };

it('kill -9, a resharding and a hand-over lose nothing, repeat at most the batch in flight, and keep order', async () => {
  await withCrashRun(FAN_OUT, async (run) => {
    await run.put(keys(40));
    await run.start();
    const first = await run.spawnWorker({ TIDEMARK_CRASH_POINT: 'handled', TIDEMARK_CRASH_AFTER: '2' });
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    // The oracle is told of the kill.
    await run.signal(first, 'SIGKILL');
    const second = await run.spawnWorker();
    await run.put(keys(20));
    await run.drained();
    const [shard] = run.kinesis.shards(run.stream);
    run.kinesis.split(run.stream, shard?.shardId ?? '');
    await run.put(keys(40));
    await eventually(() => run.kinesis.subscriptions.some(({ shardId }) => shardId !== shard?.shardId), {
      what: 'a subscription to a child',
      timeoutMs: 30_000,
    });
    await run.signal(second, 'SIGTERM');
    await run.spawnWorker();
    await run.put(keys(20));
    await run.drained();

    const report = await run.judge();
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ records: 120, lost: 0, orderInversions: 0, duplicates: 10 });
    expect(run.kinesis.requests.count('GetRecords')).toBe(0);
    expect(run.kinesis.requests.count('RegisterStreamConsumer')).toBe(1);
  });
});
