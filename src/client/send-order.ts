import {
  isGrpcDeadlineError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
  type Client,
} from '@temporalio/client';
import { codeOf, TidemarkError } from '../core/errors';
import { GRPC, refusalOf } from './grpc-refusal';

export const SEE_STATUS = 'See `npx tidemark status`; `npx tidemark start` starts what does not run.';

/** An order to one workflow. */
export interface Sending<Request> {
  readonly workflowId: string;
  readonly update: string;
  readonly request: Request;
  /** Epoch milliseconds. */
  readonly deadline: number;
  /** Makes a repeated order the same one. */
  readonly updateId?: string;
}

/**
 * Gives an order and waits until it is carried out.
 * @throws what the workflow refuses it with, `WORKFLOW_NOT_FOUND`, `NO_WORKER`
 */
export async function sendOrder<Answer, Request>(
  client: Client,
  { workflowId, update, request, deadline, updateId }: Sending<Request>,
): Promise<Answer> {
  let isAccepted = false;
  const send = (): Promise<{ result(): Promise<Answer> }> =>
    client.workflow.getHandle(workflowId).startUpdate<Answer, [Request]>(update, {
      args: [request],
      ...(updateId === undefined ? {} : { updateId }),
      waitForStage: WorkflowUpdateStage.ACCEPTED,
    });
  try {
    const accepted = await client.withDeadline(deadline, send);
    isAccepted = true;
    return await client.withDeadline(deadline, () => accepted.result());
  } catch (error) {
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    const code = codeOf(cause);
    if (cause !== undefined && code !== undefined)
      throw new TidemarkError(code, cause.message, { context: { workflow: workflowId } });
    if (cause !== undefined || error instanceof WorkflowNotFoundError) throw ended(workflowId, error);
    if (!isWithoutWorker(error, deadline)) throw error;
    const what = isAccepted
      ? 'The order was accepted but not carried out in time; it still will be'
      : 'No worker has taken the order in time; it may still be carried out';
    throw noWorker(what, workflowId, error);
  }
}

/** Nobody has answered in time, or Temporal knows that nobody polls. */
function isWithoutWorker(error: unknown, deadline: number): boolean {
  if (Date.now() >= deadline || isGrpcDeadlineError(error)) return true;
  return (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || refusalOf(error).code === GRPC.FAILED_PRECONDITION
  );
}

export function noWorker(what: string, workflow: string, cause: unknown): TidemarkError {
  const hint = 'See that a worker of this consumer runs (`npx tidemark worker <file>`), and what it logs.';
  return new TidemarkError('NO_WORKER', what, { context: { workflow }, hint, cause });
}

function ended(workflow: string, cause: unknown): TidemarkError {
  const what = 'The workflow ended before the order was carried out';
  return new TidemarkError('WORKFLOW_NOT_FOUND', what, { context: { workflow }, hint: SEE_STATUS, cause });
}
