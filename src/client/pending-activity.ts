import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { isErrorCode } from '../core/errors';
import type { ErrorNote } from '../core/shard-work';

/** What Temporal knows of a workflow's current activity without asking any worker. */
export interface PendingActivity {
  readonly workflowState: string;
  /** Attempt of the activity under way, from 1; 0 if none is. */
  readonly attempt: number;
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
  const activity = description.raw.pendingActivities?.[0];
  return {
    workflowState: description.status.name,
    attempt: activity?.attempt ?? 0,
    worker: activity?.lastWorkerIdentity ?? undefined,
    failure: failureNote(activity?.lastFailure),
    waitingFor: waitingForOf(activity?.heartbeatDetails?.payloads?.[0]),
  };
}

function waitingForOf(payload: Payload | undefined): string | undefined {
  if (payload === undefined) return undefined;
  return defaultPayloadConverter.fromPayload<{ waitingFor?: string } | undefined>(payload)?.waitingFor;
}

interface RawFailure {
  readonly message?: string | null;
  readonly applicationFailureInfo?: { readonly type?: string | null } | null;
}

function failureNote(failure: RawFailure | null | undefined): ErrorNote | undefined {
  if (!failure) return undefined;
  const type = failure.applicationFailureInfo?.type;
  return { code: isErrorCode(type) ? type : 'INTERNAL', message: failure.message ?? 'unknown', atMs: Date.now() };
}
