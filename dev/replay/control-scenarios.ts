/** Performances of what operators order: pauses, and moves of the checkpoint. */
import { messageNames } from '../../src/core/names';
import { TRIM_HORIZON } from '../../src/core/positions';
import type { MoveRequest } from '../../src/core/control';
import type { ShardStatus } from '../../src/core/shard-work';
import { historyOf, onStage, type Performance, type Recorded, type Studio } from './scenarios';
import { Stage } from './stage';

const JANE = { by: 'jane', reason: 'maintenance' };

const records =
  (count: number) =>
  ({ progress }: ShardStatus): boolean =>
    progress.totals.records >= count;

const isPaused = ({ phase }: ShardStatus): boolean => phase === 'PAUSED';

const playPaused = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('paused', studio), async (stage) => {
    await stage.put(5);
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await stage.until(handle, 'the records', records(5));
    await handle.executeUpdate(messageNames.pause, { args: [{ ...JANE, scope: 'shard' }] });
    await stage.put(5);
    await handle.executeUpdate(messageNames.resume, { args: [{ ...JANE, scope: 'shard' }] });
    await stage.until(handle, 'the records put meanwhile', records(10));
    return { paused: await historyOf(stage, handle) };
  });

const playPausedForATime = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('paused-for-a-time', studio), async (stage) => {
    await stage.put(5);
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await stage.until(handle, 'the records', records(5));
    const untilMs = Date.now() + 1_500;
    await handle.executeUpdate(messageNames.pause, { args: [{ ...JANE, scope: 'shard', untilMs }] });
    await stage.put(5);
    await stage.until(handle, 'the records put meanwhile', records(10));
    return { 'paused-for-a-time': await historyOf(stage, handle) };
  });

const playMoved = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('moved', studio), async (stage) => {
    await stage.put(5);
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await stage.until(handle, 'the records', records(5));
    const request: MoveRequest = { ...JANE, id: 'move-1', kind: 'rewind', to: TRIM_HORIZON, requestedAtMs: Date.now() };
    await handle.executeUpdate(messageNames.moveCheckpoint, { args: [request] });
    await stage.until(handle, 'the records again', records(10));
    return { moved: await historyOf(stage, handle) };
  });

const playStreamPaused = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('stream-paused', studio), async (stage) => {
    await stage.put(5);
    await stage.startWorker();
    const { handle } = await stage.startStream();
    await stage.shardRuns();
    const shard = await stage.shard();
    await stage.until(shard, 'the records', records(5));
    await handle.executeUpdate(messageNames.pause, { args: [{ ...JANE, scope: 'consumer' }] });
    await stage.until(shard, 'the pause', isPaused);
    await handle.executeUpdate(messageNames.resume, { args: [{ ...JANE, scope: 'consumer' }] });
    await stage.stop(handle);
    return { 'stream-paused': await historyOf(stage, handle) };
  });

export const controlPerformances: readonly Performance[] = [
  { scenarios: ['paused'], play: playPaused },
  { scenarios: ['paused-for-a-time'], play: playPausedForATime },
  { scenarios: ['moved'], play: playMoved },
  { scenarios: ['stream-paused'], play: playStreamPaused },
];
