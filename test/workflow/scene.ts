import {
  WorkflowFailedError,
  WorkflowUpdateStage,
  type WorkflowHandle,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { ShardResult, ShardStatus, ShardWorkflowInput, SyncResult } from '../../src/core/shard-work';
import type { ControlRequest } from '../../src/core/control';
import { eventually } from '../support/eventually';
import { TIMING, type Lab } from '../support/workflow-env';
import { ScriptedShard, type Step } from './scripted-shard';

export const REQUEST: ControlRequest = { by: 'a test', reason: 'because' };

/** One shard workflow over a scripted shard. */
export interface Scene {
  readonly lab: Lab;
  readonly shard: ScriptedShard;
  readonly handle: WorkflowHandle;
}

export async function play(
  lab: Lab,
  steps: readonly Step[],
  input: Partial<ShardWorkflowInput> = {},
  options: Partial<WorkerOptions> = {},
): Promise<Scene> {
  const shard = new ScriptedShard(...steps);
  const { processBatches, claimCheckpoint, moveCheckpoint } = shard;
  await lab.startWorker({ processBatches, claimCheckpoint, moveCheckpoint }, options);
  return { lab, shard, handle: await lab.startShard(input) };
}

export function stop(handle: WorkflowHandle, request: ControlRequest = REQUEST): Promise<ShardStatus> {
  return handle.executeUpdate<ShardStatus, [ControlRequest]>('stop', { args: [request] });
}

/** A stop that the workflow has accepted and may not have obeyed yet. */
export function acceptedStop<Answer>(
  handle: WorkflowHandle,
  request: ControlRequest,
): Promise<WorkflowUpdateHandle<Answer>> {
  return handle.startUpdate<Answer, [ControlRequest]>('stop', {
    args: [request],
    waitForStage: WorkflowUpdateStage.ACCEPTED,
  });
}

/** Something to wait for until it is opened. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

export function statusOf(handle: WorkflowHandle): Promise<ShardStatus> {
  return handle.query<ShardStatus>('shardStatus');
}

export function resultOf(handle: WorkflowHandle): Promise<ShardResult> {
  return handle.result() as Promise<ShardResult>;
}

/** Resolves when the slice with this number (from 1) has begun. */
export async function begun(shard: ScriptedShard, slice: number): Promise<void> {
  await eventually(() => shard.inputs.length >= slice, {
    what: `slice ${slice} to begin`,
    intervalMs: 10,
    timeoutMs: 30_000,
  });
}

/** Why a workflow failed. */
export async function failureOf(handle: WorkflowHandle): Promise<unknown> {
  const error: unknown = await handle.result().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  return (error as WorkflowFailedError).cause;
}

export function syncResult(more: Partial<SyncResult> = {}): SyncResult {
  return {
    listed: 4,
    running: 2,
    finished: 1,
    waiting: 1,
    expired: [],
    expiredCount: 0,
    atMs: 1_700_000_000_000,
    timing: TIMING,
    ...more,
  };
}
