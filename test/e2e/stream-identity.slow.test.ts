import { keys, withCrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';
import { pagesSent } from '../support/source';
import { connectTemporal } from '../../src/temporal/connect';
import { shardWorkflowId, streamWorkflowId } from '../../src/core/names';

const SHARD = 'shardId-000000000000';

describe('a stream that is deleted', () => {
  it('stops its workflows with STREAM_DELETED: no SHARD_END, no hot loop', async () => {
    await withCrashRun({}, async (run) => {
      const temporal = await connectTemporal();
      try {
        await run.put(keys(10));
        const { stream } = await run.start();
        await run.spawnWorker();
        await run.drained();
        run.kinesis.deleteStream(run.stream);
        await expectFailure(temporal, shardWorkflowId({ ...stream, shardId: SHARD }), 'STREAM_DELETED');
        await expectFailure(temporal, streamWorkflowId(stream), 'STREAM_DELETED');
        const asked = run.kinesis.requests.total;
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        expect(run.kinesis.requests.total - asked).toBeLessThan(5);
        const ends = (await run.entries()).filter((entry) => entry.kind === 'committed' && entry.to.at === 'SHARD_END');
        expect(ends).toEqual([]);
      } finally {
        await temporal.connection.close();
      }
    });
  });
});

describe('a stream that is created again under its name', () => {
  it('stops the old workflows with STREAM_RECREATED, and a new start reads the new stream with checkpoints of its own', async () => {
    await withCrashRun({}, async (run) => {
      const temporal = await connectTemporal();
      try {
        const before = await run.start();
        await run.spawnWorker();
        await eventually(() => pagesSent(run.kinesis) > 0, { what: 'the first poll' });
        run.kinesis.deleteStream(run.stream);
        run.kinesis.advanceClock(5_000);
        run.kinesis.createStream(run.stream, 1);
        await run.put(keys(10));
        await expectFailure(temporal, shardWorkflowId({ ...before.stream, shardId: SHARD }), 'STREAM_RECREATED');
        expect(await run.handledIds()).toEqual([]);

        const after = await run.start();
        expect(after.stream.createdAtMs).not.toBe(before.stream.createdAtMs);
        await run.drained();
        const report = await run.judge();
        expect(report.violations).toEqual([]);
        expect(report).toMatchObject({ records: 10, handled: 10, lost: 0 });
      } finally {
        await temporal.connection.close();
      }
    });
  });
});

async function expectFailure(
  temporal: Awaited<ReturnType<typeof connectTemporal>>,
  workflowId: string,
  type: string,
): Promise<void> {
  const error: unknown = await temporal.workflow
    .getHandle(workflowId)
    .result()
    .catch((failure: unknown) => failure);
  expect((error as { cause?: { type?: string } }).cause?.type).toBe(type);
}
