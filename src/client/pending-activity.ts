import type { Payload } from '@temporalio/common';
import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { codeOf, isErrorCode, type ErrorCode } from '../core/errors';
import type { ErrorNote } from '../core/shard-work';
import { decodePayload } from './decode-payload';

const RESULT_TIMEOUT_MS = 4_000;

/** `PENDING_ACTIVITY_STATE_SCHEDULED`: no worker has the activity. */
const SCHEDULED = 1;

/** What Temporal knows of a workflow's current activity without asking any worker. */
export interface PendingActivity {
  readonly workflowState: string;
  /** Attempt of the activity under way, from 1; 0 if none is. */
  readonly attempt: number;
  /** An attempt has failed and the next one has not begun. */
  readonly isBackingOff: boolean;
  readonly worker?: string;
  readonly failure?: ErrorNote;
  /** Code of what the activity says it is waiting out. */
  readonly waitingFor?: string;
}

/** Undefined if there is no such workflow. */
export async function readPendingActivity(client: Client, workflowId: string): Promise<PendingActivity | undefined> {
  const description = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
  if (description === undefined) return undefined;
  return {
    workflowState: description.status.name,
    ...(await activityOf(client, description.raw.pendingActivities?.[0])),
  };
}

type RawActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

async function activityOf(
  client: Client,
  activity: RawActivity | undefined,
): Promise<Omit<PendingActivity, 'workflowState'>> {
  if (activity === undefined) return { attempt: 0, isBackingOff: false };
  const attempt = activity.attempt ?? 0;
  return {
    attempt,
    isBackingOff: Number(activity.state) === SCHEDULED && attempt > 1,
    worker: activity.lastWorkerIdentity ?? undefined,
    failure: failureNote(activity.lastFailure),
    waitingFor: await waitingForOf(client, activity.heartbeatDetails?.payloads?.[0]),
  };
}

async function waitingForOf(client: Client, payload: Payload | undefined): Promise<string | undefined> {
  return (await decodePayload<{ waitingFor?: string } | undefined>(client, payload))?.waitingFor;
}

interface RawFailure {
  readonly message?: string | null;
  readonly timeoutFailureInfo?: object | null;
  readonly applicationFailureInfo?: { readonly type?: string | null } | null;
}

function failureNote(failure: RawFailure | null | undefined): ErrorNote | undefined {
  const type = failure?.applicationFailureInfo?.type;
  // An attempt that an operator paused has failed for Temporal only.
  if (!failure || type === 'PAUSED') return undefined;
  return { code: codeOfFailure(failure), message: failure.message ?? 'unknown', atMs: Date.now() };
}

function codeOfFailure({ applicationFailureInfo, timeoutFailureInfo }: RawFailure): ErrorCode {
  const type = applicationFailureInfo?.type;
  if (isErrorCode(type)) return type;
  // The worker died, or did nothing for longer than the heartbeat timeout.
  return timeoutFailureInfo ? 'OWNERSHIP_EXPIRED' : 'INTERNAL';
}

/** Why a failed workflow failed; needs no worker. */
export async function readClosingFailure(client: Client, workflowId: string): Promise<ErrorNote | undefined> {
  try {
    // It may have been started again meanwhile.
    await client.withDeadline(Date.now() + RESULT_TIMEOUT_MS, () => client.workflow.result(workflowId));
    return undefined;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
    return cause && { code: codeOf(cause) ?? 'INTERNAL', message: cause.message, atMs: Date.now() };
  }
}
