import { stackEnv } from '../support/stack-env';
import { startFaultProxy } from '../support/fault-proxy';
import { startTcpProxy } from '../support/tcp-proxy';
import { keys, withCrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';

const OUTAGE_MS = 6_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('an outage', () => {
  it('of DynamoDB: the commit is retried, the handler is not run again for it', async () => {
    const proxy = await startFaultProxy(stackEnv().dynamodbEndpoint);
    try {
      await withCrashRun({ env: { AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint } }, async (run) => {
        await run.put(keys(10));
        await run.start();
        await run.spawnWorker();
        await run.drained();
        proxy.outage(true);
        await run.put(keys(30));
        await eventually(async () => (await run.handledIds()).length > 10, {
          what: 'a batch whose commit cannot be written',
        });
        const handled = await run.handledIds();
        await pause(OUTAGE_MS);
        // One batch is handled, once, and waits for its commit.
        expect(await run.handledIds()).toEqual(handled);
        expect(handled.length).toBeLessThanOrEqual(10 + 10);
        proxy.outage(false);
        await run.drained();
        const report = await run.judge();
        expect(report.violations).toEqual([]);
        expect(report).toMatchObject({ records: 40, handled: 40, lost: 0, duplicates: 0 });
      });
    } finally {
      await proxy.close();
    }
  });

  it('of DynamoDB replies: a commit that was executed but not answered is recognised', async () => {
    const proxy = await startFaultProxy(stackEnv().dynamodbEndpoint);
    try {
      await withCrashRun({ env: { AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint } }, async (run) => {
        let updates = 0;
        const fault = proxy.faults.add({
          operation: 'UpdateItem',
          when: () => (updates += 1) % 3 === 0,
          action: { dropReply: true },
        });
        await run.put(keys(200));
        await run.start();
        await run.spawnWorker();
        await run.drained();
        const report = await run.judge();
        expect(fault.hits).toBeGreaterThan(3);
        expect(report.violations).toEqual([]);
        expect(report).toMatchObject({ records: 200, handled: 200, lost: 0, duplicates: 0, commitsRefused: 0 });
      });
    } finally {
      await proxy.close();
    }
  });

  it('of Kinesis: reading waits and goes on', async () => {
    await withCrashRun({}, async (run) => {
      await run.put(keys(20));
      await run.start();
      await run.spawnWorker();
      await run.drained();
      run.kinesis.outage(true);
      await pause(OUTAGE_MS);
      run.kinesis.outage(false);
      await run.put(keys(20));
      await run.drained();
      const report = await run.judge();
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ records: 40, handled: 40, lost: 0, duplicates: 0 });
    });
  });

  it('of Temporal: the worker lives, goes on afterwards, and repeats at most the batch in flight', async () => {
    const { temporalAddress } = stackEnv();
    const [host = '', port = ''] = temporalAddress.split(':');
    const proxy = await startTcpProxy(host, Number(port));
    try {
      await withCrashRun({ env: { TEMPORAL_ADDRESS: proxy.address } }, async (run) => {
        await run.put(keys(20));
        await run.start();
        const worker = await run.spawnWorker();
        await run.drained();
        await proxy.cut();
        await run.put(keys(20));
        await pause(OUTAGE_MS);
        expect(worker.child.exitCode).toBeNull();
        await proxy.restore();
        await run.put(keys(20));
        await run.drained(50_000);
        const report = await run.judge();
        expect(report.violations.filter(({ invariant }) => invariant !== 'I5')).toEqual([]);
        expect(report).toMatchObject({ records: 60, lost: 0, orderInversions: 0 });
        expect(report.duplicates).toBeLessThanOrEqual(10);
      });
    } finally {
      await proxy.close();
    }
  });
});
