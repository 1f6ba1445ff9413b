import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { eventually } from '../../test/support/eventually';
import type { BatchHandler } from '../../src';
import type { StreamStatus } from '../../src/core/shard-work';
import { LOST_WORKER_VARIABLE } from './lost-worker';
import type { ScenarioName } from './scenario-names';
import { Stage } from './stage';

export interface Studio {
  readonly temporal: Client;
  readonly kinesis: KinesisClient;
}

export type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type Exit = [code: number | null, signal: NodeJS.Signals | null];
export type Recorded = Partial<Record<ScenarioName, History>>;

/** One performance gives the histories of one or more scenarios, with the real worker and emulated AWS. */
export interface Performance {
  readonly scenarios: readonly ScenarioName[];
  readonly play: (studio: Studio) => Promise<Recorded>;
}

/** A handler that fails so often with the record's own text, which must not get into the history. */
function failing(times: number): BatchHandler {
  let failures = 0;
  return ({ records }) => {
    failures += 1;
    if (failures <= times) throw new Error(`cannot handle ${records[0]?.text()}`);
  };
}

export async function onStage<T>(stage: Stage, play: (stage: Stage) => Promise<T>): Promise<T> {
  try {
    return await play(stage);
  } finally {
    await stage.close();
  }
}

export async function historyOf(stage: Stage, handle: WorkflowHandle, runId?: string): Promise<History> {
  return stage.temporal.workflow.getHandle(handle.workflowId, runId).fetchHistory();
}

/** Puts records until a shard has had so many slices. */
async function keepBusy(stage: Stage, handle: WorkflowHandle, slices: number): Promise<void> {
  await stage.until(handle, `slice ${slices}`, (status) => {
    void stage.put(5).catch(() => undefined);
    return status.slices >= slices;
  });
}

const playIdle = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('idle', studio), async (stage) => {
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await stage.until(handle, 'a second slice', ({ slices }) => slices >= 2);
    return { idle: await historyOf(stage, handle) };
  });

const playBusy = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('busy', studio), async (stage) => {
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await keepBusy(stage, handle, 6);
    const busy = await historyOf(stage, handle);
    await stage.stop(handle);
    return { busy, stopped: await historyOf(stage, handle) };
  });

/** By an operator, in Temporal's own way. */
const playCancelled = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('cancelled', studio), async (stage) => {
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await keepBusy(stage, handle, 3);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    return { cancelled: await historyOf(stage, handle) };
  });

const playShardEndAlone = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('shard-end-alone', studio), async (stage) => {
    await stage.put(20);
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await stage.until(handle, 'the records', ({ progress }) => progress.totals.records === 20);
    await stage.split();
    await handle.result();
    return { 'shard-end-alone': await historyOf(stage, handle) };
  });

const playContinueAsNew = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('continue-as-new', studio), async (stage) => {
    await stage.startWorker();
    const workflow = await stage.startShard(20);
    const { handle, firstRunId } = workflow;
    await keepBusy(stage, handle, 4);
    const secondRunId = await stage.nextRun(workflow);
    await keepBusy(stage, handle, 6);
    const first = await historyOf(stage, handle, firstRunId);
    return { 'continue-as-new-run-1': first, 'continue-as-new-run-2': await historyOf(stage, handle, secondRunId) };
  });

const playHandlerFailure = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('handler-failure', studio), async (stage) => {
    await stage.startWorker(failing(2));
    const { handle } = await stage.startShard();
    await stage.put(5);
    await stage.until(handle, 'recovery', ({ progress, failures }) => failures === 0 && progress.totals.records === 5);
    return { 'handler-failure': await historyOf(stage, handle) };
  });

const playStoppedWhileRetrying = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('stopped-while-retrying', studio), async (stage) => {
    await stage.startWorker(failing(1_000));
    const { handle } = await stage.startShard();
    await stage.put(5);
    await stage.until(handle, 'two failures', ({ failures }) => failures >= 2);
    await stage.stop(handle);
    return { 'stopped-while-retrying': await historyOf(stage, handle) };
  });

/** A worker of another process. */
export function spawnWorker(stage: Stage, variables: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, 'lost-worker.ts')], {
    env: { ...process.env, [LOST_WORKER_VARIABLE]: JSON.stringify(stage.options), ...variables },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The first worker dies as by `kill -9` after it has handled a batch and before it has committed it. */
const playWorkerLost = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('worker-lost', studio, { heartbeatTimeoutMs: 2_000 }), async (stage) => {
    await stage.put(20);
    const { handle } = await stage.startShard();
    const [, signal] = (await once(spawnWorker(stage, { TIDEMARK_CRASH_POINT: 'handled' }), 'exit')) as Exit;
    if (signal !== 'SIGKILL') throw new Error('the worker that should have died ended by itself');
    await stage.startWorker();
    await stage.until(handle, 'the records', ({ progress }) => progress.totals.records === 20);
    return { 'worker-lost': await historyOf(stage, handle) };
  });

const playStreamDeleted = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('stream-deleted', studio), async (stage) => {
    await stage.put(5);
    await stage.startWorker();
    const { handle } = await stage.startShard();
    await stage.until(handle, 'the records', ({ progress }) => progress.totals.records === 5);
    await stage.deleteStream();
    await handle.result().catch(() => undefined);
    return { 'stream-deleted': await historyOf(stage, handle) };
  });

const playStream = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('stream', studio), async (stage) => {
    await stage.put(20);
    await stage.startWorker();
    const { handle } = await stage.startStream();
    const parent = await stage.shard();
    await stage.shardRuns();
    await stage.until(parent, 'the records', ({ progress }) => progress.totals.records === 20);
    await stage.split();
    await parent.result();
    await eventually(async () => (await handle.query<StreamStatus>('streamStatus')).lastSync?.running === 2, {
      what: 'the children',
      timeoutMs: 60_000,
    });
    await stage.stop(handle);
    return { 'shard-end': await historyOf(stage, parent), stream: await historyOf(stage, handle) };
  });

const playStreamContinueAsNew = async (studio: Studio): Promise<Recorded> =>
  onStage(await Stage.open('stream-continue-as-new', studio, { shardSyncIntervalMs: 1_000 }), async (stage) => {
    await stage.startWorker();
    const workflow = await stage.startStream(30);
    const { handle, firstRunId } = workflow;
    const secondRunId = await stage.nextRun(workflow);
    await stage.stop(handle);
    return {
      'stream-continue-as-new-run-1': await historyOf(stage, handle, firstRunId),
      'stream-continue-as-new-run-2': await historyOf(stage, handle, secondRunId),
    };
  });

export const performances: readonly Performance[] = [
  { scenarios: ['idle'], play: playIdle },
  { scenarios: ['busy', 'stopped'], play: playBusy },
  { scenarios: ['shard-end-alone'], play: playShardEndAlone },
  { scenarios: ['continue-as-new-run-1', 'continue-as-new-run-2'], play: playContinueAsNew },
  { scenarios: ['handler-failure'], play: playHandlerFailure },
  { scenarios: ['stopped-while-retrying'], play: playStoppedWhileRetrying },
  { scenarios: ['cancelled'], play: playCancelled },
  { scenarios: ['worker-lost'], play: playWorkerLost },
  { scenarios: ['stream-deleted'], play: playStreamDeleted },
  { scenarios: ['stream', 'shard-end'], play: playStream },
  { scenarios: ['stream-continue-as-new-run-1', 'stream-continue-as-new-run-2'], play: playStreamContinueAsNew },
];
