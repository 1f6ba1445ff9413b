/** Continue-as-new must lose no order, and a shard that is parked for long must not fill its history. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../dev/prove/random';
import { eventually } from '../support/eventually';
import { useWorkflowEnv } from '../support/workflow-env';
import { JANE, order, parked } from './parked-scene';
import { begun, play, statusOf, stop } from './scene';
import { carriesOut, commits, halts, parksKey, readsUntilStopped, ScriptedShard, type Step } from './scripted-shard';

const openLab = useWorkflowEnv();
const SHARDS = 8;
const ORDERS = 5;

it('a parked shard continues as new, is parked still, and obeys', async () => {
  const steps = [commits(2), halts(), carriesOut, readsUntilStopped];
  const { shard, handle } = await play(openLab(), steps, { maxHistoryEvents: 5, searchAttributes: true });
  await eventually(async () => (await handle.describe()).runId !== shard.runIds[1], { what: 'a run without a slice' });
  expect(await parked(handle)).toMatchObject({ halt: { sequenceNumber: '3' }, slices: 2, streak: { phase: 'final' } });
  expect(shard.inputs).toHaveLength(2);
  expect(await order(handle, 'skip')).toMatchObject({ position: { sequenceNumber: '3' } });
  expect(shard.inputs[2]).toMatchObject({ order: { kind: 'skip', by: 'jane' }, streak: { phase: 'final' } });
  await stop(handle);
  expect(shard.problems).toEqual([]);
});

it('a shard that parks itself again and again does not fill its history', async () => {
  const { shard, handle } = await play(openLab(), [halts({ forMs: 1 })], { maxHistoryEvents: 25 });
  await begun(shard, 8);
  expect(new Set(shard.runIds).size).toBeGreaterThanOrEqual(2);
  expect(shard.inputs.slice(1, 8).map((input) => input.order?.by)).toEqual(Array(7).fill('Tidemark'));
  await stop(handle);
});

it('nor does one that is ordered again and again', async () => {
  const { shard, handle } = await play(openLab(), [halts()], { maxHistoryEvents: 20 });
  for (let round = 1; round <= 6; round += 1) {
    await parked(handle);
    expect(await order(handle, 'retry', { by: 'jane', reason: `round ${round}` })).toMatchObject({ phase: 'PARKED' });
  }
  expect(shard.inputs.map((input) => input.order?.reason)).toEqual([
    undefined,
    ...Array.from({ length: 6 }, (_, index) => `round ${index + 1}`),
  ]);
  expect(new Set(shard.runIds).size).toBeGreaterThanOrEqual(2);
  await stop(handle);
});

it('orders that come at any time between slices and runs are carried out once each', async () => {
  const lab = openLab();
  const random = createRandom(4);
  /** Keys are parked all the time; every slice is short. */
  const step: Step = async (slice) => ({ ...(await parksKey(slice)), ...slice.orderDone });
  const shards = new Map(Array.from({ length: SHARDS }, (_, index) => [`shard-${index}`, new ScriptedShard(step)]));
  const find = (shardId: string): ScriptedShard => shards.get(shardId) ?? new ScriptedShard();
  await lab.startWorker({ processBatches: async (input) => find(input.shard.shardId).processBatches(input) });
  const played = [...shards].map(async ([shardId, shard]) => {
    const handle = await lab.startShard({ maxHistoryEvents: 15 }, shardId);
    await begun(shard, 2);
    await eventually(async () => (await statusOf(handle)).progress.parkedKeys === 1, { what: 'a parked key' });
    for (let count = 1; count <= ORDERS; count += 1) {
      await sleep(random.int(0, 300));
      const kind = random.int(0, 1) === 0 ? 'retry' : 'skip';
      await order(handle, kind, { ...JANE, reason: `order ${count}`, keyDigest: 'k' });
    }
    await stop(handle);
    return shard;
  });
  await Promise.allSettled(played);
  const all = await Promise.all(played);
  const given = Array.from({ length: ORDERS }, (_, index) => `order ${index + 1}`);
  for (const shard of all) {
    expect(shard.inputs.flatMap((input) => input.order?.reason ?? [])).toEqual(given);
    expect(shard.problems).toEqual([]);
  }
  const runs = all.reduce((sum, { runIds }) => sum + new Set(runIds).size, 0);
  expect(runs).toBeGreaterThanOrEqual(2 * SHARDS);
});
