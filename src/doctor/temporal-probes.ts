import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { searchAttributeNames, streamWorkflowId, taskQueueFor } from '../core/names';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { hasSearchAttributes } from '../temporal/search-attributes';
import { ok, skipped, warning, wrong, type Finding, type Probe } from './finding';

export type GetClient = () => Promise<Client>;

export function temporalProbes(getClient: GetClient, address: string, namespace: string): Probe[] {
  return [
    { name: 'Temporal', look: async () => lookAtServer(await getClient(), `${address}, namespace ${namespace}`) },
    { name: 'search attributes', look: () => unlessAway(getClient, lookAtAttributes) },
  ];
}

export function workerProbe(getClient: GetClient, { options }: ConsumerDefinition): Probe {
  const name = { consumer: options.name, streamName: options.streamName };
  return {
    name: 'workers',
    consumer: options.name,
    look: () => unlessAway(getClient, (client) => lookForWorkers(client, name)),
  };
}

/** Temporal itself has a line of its own that says why it is away. */
async function unlessAway(getClient: GetClient, look: (client: Client) => Promise<Finding>): Promise<Finding> {
  const client = await getClient().catch(() => undefined);
  return client ? look(client) : skipped('Temporal does not answer');
}

async function lookAtServer(client: Client, where: string): Promise<Finding> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  return ok(`server ${serverVersion} at ${where}`);
}

async function lookAtAttributes(client: Client): Promise<Finding> {
  if (await hasSearchAttributes(client)) return ok('all there');
  const names = Object.values(searchAttributeNames).map((name) => `--name ${name}`);
  return warning(
    'not there, or not visible: workflows cannot be searched by consumer, stream, shard and state',
    `temporal operator search-attribute create --namespace ${client.options.namespace} --type Keyword ${names.join(' ')}`,
  );
}

const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;

async function lookForWorkers(
  client: Client,
  name: { readonly consumer: string; readonly streamName: string },
): Promise<Finding> {
  const taskQueue = taskQueueFor(name);
  const pollersOf = async (taskQueueType: number): Promise<string[]> => {
    const queue = { namespace: client.options.namespace, taskQueue: { name: taskQueue }, taskQueueType };
    const { pollers } = await client.workflowService.describeTaskQueue(queue);
    return (pollers ?? []).map(({ identity }) => identity ?? '');
  };
  const [workflows, activities] = await Promise.all([pollersOf(WORKFLOW_TASKS), pollersOf(ACTIVITY_TASKS)]);
  const both = new Set(workflows.filter((identity) => activities.includes(identity)));
  if (both.size > 0) return ok(`${both.size} on task queue ${taskQueue}`);
  const hint = 'npx tidemark worker <file>';
  const what = `nobody polls task queue ${taskQueue}`;
  return (await isRunning(client, name)) ? wrong(`${what}, and the consumer is started`, hint) : warning(what, hint);
}

async function isRunning(client: Client, name: { consumer: string; streamName: string }): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(streamWorkflowId(name)).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
