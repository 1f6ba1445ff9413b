import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { createRandom } from '../../dev/prove/random';
import { startTemporal, type TemporalServer } from '../../dev/stack';
import type { ShardStatus, SyncResult } from '../../src/core/shard-work';
import { eventually } from '../support/eventually';
import { stackEnv } from '../support/stack-env';
import { useWorkflowEnv } from '../support/workflow-env';
import { begun, play, statusOf, stop, syncResult } from './scene';
import { commits, handlerFails, readsUntilStopped, ScriptedShard } from './scripted-shard';

const SHARDS = 10;
const SIGNALS = 25;

/** A server that suggests continue-as-new early. */
function suggestingServer(): () => Promise<string> {
  let server: TemporalServer | undefined;
  afterAll(() => server?.stop());
  return async () => {
    server = await startTemporal({
      headless: true,
      env: { ...process.env, TEMPORAL_ADDRESS: undefined },
      // Runs follow each other at once here; the shared server keeps the usual pause of a second between them.
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 25, 'history.workflowIdReuseMinimalInterval': '1ms' },
    });
    return server.address;
  };
}

describe.each([
  { when: 'at a small threshold of its own', suggested: false, limit: { maxHistoryEvents: 15 } },
  { when: 'when the server suggests it', suggested: true, limit: {} },
])('continue-as-new $when', ({ suggested, limit }) => {
  const openLab = useWorkflowEnv(suggested ? suggestingServer() : () => stackEnv().temporalAddress);

  it('loses neither a stop nor a position, however close they come', async () => {
    const lab = openLab();
    const random = createRandom(1);
    const shards = new Map(
      Array.from({ length: SHARDS }, (_, index) => [`shard-${index}`, new ScriptedShard(commits(1))]),
    );
    await lab.startWorker({
      processBatches: async (input) => scripted(shards, input.shard.shardId).processBatches(input),
    });
    const stopped = [...shards].map(async ([shardId, shard]) => {
      const handle = await lab.startShard(limit, shardId);
      const lastSlice = random.int(6, suggested ? 20 : 12);
      const jitterMs = random.int(0, 60);
      const queries = queryUntil(handle, () => shard.inputs.length >= lastSlice);
      await begun(shard, lastSlice);
      await sleep(jitterMs);
      const answer = await stop(handle);
      const slicesAtAnswer = shard.inputs.length;
      await queries;
      return { answer, result: (await handle.result()) as unknown, shard, slicesAtAnswer };
    });
    // Every shard comes to its end before the first failure is reported: nothing is left running.
    await Promise.allSettled(stopped);
    for (const { answer, result, shard, slicesAtAnswer } of await Promise.all(stopped)) {
      const { committed } = shard;
      const position = { at: 'AFTER', sequenceNumber: String(committed) };
      expect(answer).toMatchObject({ phase: 'STOPPED', position, progress: { totals: { records: committed } } });
      expect(result).toMatchObject({ phase: 'STOPPED', position, records: committed });
      expect(shard.inputs).toHaveLength(slicesAtAnswer);
    }
    const played = [...shards.values()];
    expect(played.flatMap(({ problems }) => problems)).toEqual([]);
    const runs = played.reduce((sum, { runIds }) => sum + new Set(runIds).size, 0);
    expect(runs).toBeGreaterThanOrEqual(2 * SHARDS);
  });

  it('loses no signal of a finished shard: a listing that begins after it follows soon', async () => {
    const lab = openLab();
    const random = createRandom(2);
    const runs = new Set<string>();
    let finished = 0;
    let seen = 0;
    const syncShards = async (): Promise<SyncResult> => {
      const seenNow = finished;
      await sleep(random.int(0, 30));
      seen = seenNow;
      return syncResult({ finished: seenNow });
    };
    await lab.startWorker({ syncShards, stopShards: async () => ({ stopped: 0 }) });
    const handle = await lab.startStream(limit);
    for (let signal = 0; signal < SIGNALS; signal += 1) {
      await sleep(random.int(0, 80));
      finished += 1;
      await handle.signal('shardFinished', `shard-${finished}`);
      // Every fifth time the stream workflow comes to rest before the next signal.
      if (signal % 5 !== 4) continue;
      await eventually(() => seen === finished, { what: `a listing after signal ${signal}`, intervalMs: 10 });
      runs.add((await handle.describe()).runId);
    }
    expect(runs.size).toBeGreaterThanOrEqual(2);
    expect(await handle.executeUpdate('stop', { args: [{ by: 'a test' }] })).toEqual({ stopped: 0 });
  });
});

describe('continue-as-new after every slice', () => {
  const openLab = useWorkflowEnv();

  it('carries failures, last error, worker and counts', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), handlerFails(1), handlerFails(1), readsUntilStopped], {
      maxHistoryEvents: 5,
    });
    await begun(shard, 4);
    expect(new Set(shard.runIds).size).toBe(4);
    expect(shard.inputs.map(({ activitySeq }) => activitySeq)).toEqual([1, 1, 1, 1]);
    expect(shard.inputs[3]?.streak).toMatchObject({ failures: 2 });
    expect(await statusOf(handle)).toMatchObject({
      phase: 'RETRYING',
      failures: 2,
      slices: 4,
      lastError: { message: 'the handler failed, 2' },
      worker: 'worker-a:1',
      progress: { totals: { records: 2 } },
    } satisfies Partial<Record<keyof ShardStatus, unknown>>);
    await stop(handle);
    expect(shard.problems).toEqual([]);
  });
});

function scripted(shards: ReadonlyMap<string, ScriptedShard>, shardId: string): ScriptedShard {
  const shard = shards.get(shardId);
  if (!shard) throw new Error(`no shard ${shardId}`);
  return shard;
}

/** Queries across runs; each answer must be at least as far as the one before. */
async function queryUntil(handle: WorkflowHandle, isOver: () => boolean): Promise<void> {
  let last = 0;
  while (!isOver()) {
    const { slices } = await statusOf(handle);
    expect(slices).toBeGreaterThanOrEqual(last);
    last = slices;
    await sleep(50);
  }
}
