import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { ConsumerServices } from '../aws/consumer-services';
import { checkCheckpointTable } from '../checkpoints/table';
import { TidemarkError } from '../core/errors';
import { streamWorkflowId, taskQueueFor, type StreamIncarnation } from '../core/names';
import type { ResolvedOptions } from '../core/resolve-options';
import type { StreamRegistration } from '../core/shard-work';
import { describeRequestedStart, resolveStart } from '../core/start-position';
import { timingOf } from '../core/timing';
import { hasSearchAttributes } from '../temporal/search-attributes';
import { startStreamWorkflow } from '../temporal/start-workflows';
import type { StreamDescription } from '../kinesis/kinesis-port';

export interface StartOptions {
  /** Task queue of a worker of your own. Default: the consumer's own, which `createWorker` polls. */
  readonly taskQueue?: string;
}

/** A consumer after `start`. */
export interface StartedConsumer {
  readonly stream: StreamIncarnation;
  readonly workflowId: string;
  readonly taskQueue: string;
  /** False if it was running already. */
  readonly isNew: boolean;
  readonly registration: StreamRegistration;
}

/** The stream and the consumer's registration on it; the registration is written before anything is read. */
export async function registerConsumer(
  services: ConsumerServices,
  options: ResolvedOptions,
): Promise<Pick<StartedConsumer, 'stream' | 'registration'>> {
  const [description] = await Promise.all([
    services.kinesis.describeStream(options),
    checkCheckpointTable(services.dynamodb, options.tableName),
  ]);
  if (description.status === 'DELETING')
    throw new TidemarkError('STREAM_DELETED', `Stream ${options.streamName} is being deleted`);
  const stream: StreamIncarnation = {
    consumer: options.name,
    streamName: description.streamName,
    streamArn: description.streamArn,
    createdAtMs: description.createdAtMs,
  };
  const registered = await services.store.register(stream, {
    ...newRegistration(options, description),
    initialShardsRecorded: false,
  });
  const wanted = describeRequestedStart(options.start);
  if (registered.requestedStart !== wanted) {
    const since = new Date(registered.registeredAtMs).toISOString();
    throw new TidemarkError(
      'CONSUMER_CONFLICT',
      `Consumer ${options.name} reads stream ${options.streamName} from ${registered.requestedStart} since ${since}, but now \`startFrom\` is ${wanted}`,
    );
  }
  const { start, requestedStart, registeredAtMs } = registered;
  return { stream, registration: { start, requestedStart, registeredAtMs } };
}

function newRegistration({ start }: ResolvedOptions, { serviceNowMs }: StreamDescription): StreamRegistration {
  if (start.at === 'AT_TIMESTAMP' && start.timestampMs > serviceNowMs) {
    throw new TidemarkError(
      'INVALID_OPTION',
      `\`startFrom\` lies in the future: ${new Date(start.timestampMs).toISOString()}`,
    );
  }
  return {
    start: resolveStart(start, serviceNowMs),
    requestedStart: describeRequestedStart(start),
    registeredAtMs: serviceNowMs,
  };
}

/** Starts the stream workflow, or finds it running. */
export async function startConsumer(
  client: Client,
  services: ConsumerServices,
  options: ResolvedOptions,
  { taskQueue }: StartOptions = {},
): Promise<StartedConsumer> {
  const [{ stream, registration }, searchAttributes] = await Promise.all([
    registerConsumer(services, options),
    hasSearchAttributes(client),
  ]);
  const isRunning = await endOldIncarnation(client, stream);
  const queue = taskQueue ?? taskQueueFor(stream);
  const input = { stream, registration, timing: timingOf(options), searchAttributes };
  const handle = await startStreamWorkflow(client, { taskQueue: queue, input });
  return { stream, workflowId: handle.workflowId, taskQueue: queue, isNew: !isRunning, registration };
}

/** A workflow that still follows an earlier stream of this name would take the place of the new one. True if the right one runs. */
async function endOldIncarnation(client: Client, stream: StreamIncarnation): Promise<boolean> {
  const handle = client.workflow.getHandle(streamWorkflowId(stream));
  const found = await handle.describe().catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  if (found?.status.name !== 'RUNNING') return false;
  if (found.memo?.createdAtMs === stream.createdAtMs) return true;
  await handle.terminate(`STREAM_RECREATED: stream ${stream.streamName} was created anew`);
  return false;
}
