import { WorkflowUpdateFailedError, WorkflowUpdateStage, type WorkflowHandle } from '@temporalio/client';
import type { ParkedOrder, ParkedRequest, ShardStatus } from '../../src/core/shard-work';
import { eventually } from '../support/eventually';
import { statusOf } from './scene';

export const JANE: ParkedRequest = { by: 'jane', reason: 'fixed' };

const updateOf = { retry: 'retryParked', skip: 'skipParked' } as const;

/** Gives an order and waits until it was carried out. */
export function order(
  handle: WorkflowHandle,
  kind: ParkedOrder['kind'],
  request: ParkedRequest = JANE,
): Promise<ShardStatus> {
  return handle.executeUpdate<ShardStatus, [ParkedRequest]>(updateOf[kind], { args: [request] });
}

/** Gives an order and waits until it was accepted. */
export function acceptedOrder(handle: WorkflowHandle, kind: ParkedOrder['kind'], request: ParkedRequest = JANE) {
  return handle.startUpdate<ShardStatus, [ParkedRequest]>(updateOf[kind], {
    args: [request],
    waitForStage: WorkflowUpdateStage.ACCEPTED,
  });
}

/** Why an order was refused, or failed. */
export async function refusalOf(answer: Promise<unknown>): Promise<unknown> {
  const error: unknown = await answer.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return (error as WorkflowUpdateFailedError).cause;
}

export function parked(handle: WorkflowHandle): Promise<ShardStatus> {
  const what = 'the shard to be parked';
  return eventually(async () => isParked(await statusOf(handle)), { what, timeoutMs: 30_000 });
}

function isParked(status: ShardStatus): ShardStatus | undefined {
  return status.phase === 'PARKED' ? status : undefined;
}

/** Resolves when history has an event of this type. Needs no worker. */
export async function happened(handle: WorkflowHandle, type: string): Promise<void> {
  await eventually(
    async () => {
      const { events } = await handle.fetchHistory();
      return (events ?? []).some((event) => type in event && event[type as keyof typeof event] !== null);
    },
    { what: type, timeoutMs: 30_000 },
  );
}
