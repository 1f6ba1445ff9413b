import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { streamWorkflowId, type StreamIncarnation } from '../core/names';
import type { StreamRegistration, StreamWorkflowInput } from '../core/shard-work';
import { decodePayload } from './decode-payload';

/** What the last run of a consumer's stream workflow was started with, from its history: needs no worker. */
export async function readStreamInput(
  client: Client,
  stream: StreamIncarnation,
): Promise<{ readonly state: string; readonly registration?: StreamRegistration }> {
  const workflowId = streamWorkflowId(stream);
  try {
    const { status, runId } = await client.workflow.getHandle(workflowId).describe();
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const input = await decodePayload<StreamWorkflowInput>(client, started?.input?.payloads?.[0]);
    // A workflow of the same name may have followed an earlier stream.
    return input?.stream.createdAtMs === stream.createdAtMs
      ? { state: status.name, registration: input.registration }
      : { state: status.name };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'NONE' };
    throw error;
  }
}
