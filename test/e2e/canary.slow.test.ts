import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { connectTemporal } from '../../src/temporal/connect';
import { withCrashRun } from '../support/crash/run';
import { eventually } from '../support/eventually';

const CANARY = 'CANARY-5d1f0c';
const SECRET = 'SECRET-9b27aa';

describe('record data and credentials', () => {
  it('appear in no history, no heartbeat and no log, whatever the handler does with them', async () => {
    await withCrashRun({ env: { AWS_SECRET_ACCESS_KEY: SECRET, RUST_LOG: 'debug' } }, async (run) => {
      const temporal = await connectTemporal();
      try {
        await run.put(['a', 'b']);
        // Not JSON: the worker's handler fails with an error whose text quotes the record.
        run.kinesis.put(run.stream, CANARY, `${CANARY} is not JSON`);
        await run.start();
        const worker = await run.spawnWorker();
        await eventually(
          async () => (await run.client.status(run.definition)).shards.some((shard) => shard.failures >= 2),
          { timeoutMs: 20_000, what: 'failures' },
        );
        await run.signal(worker, 'SIGTERM');
        await worker.exited;

        let histories = '';
        for await (const { workflowId, memo } of temporal.workflow.list({
          query: `WorkflowId STARTS_WITH 'tidemark/c/${run.stream}'`,
        })) {
          const handle = temporal.workflow.getHandle(workflowId);
          const description = await handle.describe();
          histories += historyToJSON(await handle.fetchHistory()) + decode(description.raw) + JSON.stringify(memo);
        }
        expect(histories).toContain('HANDLER_FAILED');
        for (const planted of [CANARY, SECRET]) {
          expect(withDecodedPayloads(histories)).not.toContain(planted);
          expect(worker.output()).not.toContain(planted);
        }
        expect(JSON.stringify(await run.client.status(run.definition))).not.toContain(CANARY);
      } finally {
        await temporal.connection.close();
      }
    });
  });
});

function decode(raw: unknown): string {
  return JSON.stringify(raw, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  );
}

/** Payloads stand in JSON histories as base64. */
function withDecodedPayloads(text: string): string {
  const payloads = text.match(/"data":\s*"([A-Za-z0-9+/=]+)"/g) ?? [];
  const decoded = payloads.map((match) =>
    Buffer.from(match.replace(/^"data":\s*"|"$/g, ''), 'base64').toString('utf8'),
  );
  return text + decoded.join('\n');
}
