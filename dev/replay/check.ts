/** `npm run replay:check -- <workflow id> [--run-id <id>]`: replays a history of the configured Temporal against today's code. */
import { parseArgs } from 'node:util';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { connectTemporal, resolveTemporal } from '../../src/temporal/connect';
import { errorText } from '../stack/error-text';
import { replayAll } from './replay';

const USAGE = 'usage: npm run replay:check -- <workflow id> [--run-id <run id>]';
const GRPC_NOT_FOUND = 5;

interface Target {
  readonly workflowId: string;
  readonly runId?: string;
}

async function main(): Promise<void> {
  const target = readArguments();
  const client = await connectTemporal();
  try {
    const history = await fetchHistory(client, target);
    const [failure] = await replayAll([{ workflowId: target.workflowId, history }]);
    if (failure)
      throw new Error(
        `${nameOf(target)} does not replay against this code: ${failure.error.name}: ${failure.error.message}`,
      );
    console.log(`${nameOf(target)} replays: ${history.events?.length ?? 0} events`);
  } finally {
    await client.connection.close();
  }
}

function readArguments(): Target {
  const { values, positionals } = parseArgs({ options: { 'run-id': { type: 'string' } }, allowPositionals: true });
  const [workflowId, ...rest] = positionals;
  if (!workflowId || rest.length > 0) throw new Error(USAGE);
  return { workflowId, runId: values['run-id'] };
}

async function fetchHistory(client: Client, target: Target): Promise<{ readonly events?: readonly unknown[] | null }> {
  try {
    return await client.workflow.getHandle(target.workflowId, target.runId).fetchHistory();
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
    if (code !== GRPC_NOT_FOUND) throw error;
    const { connectionOptions, namespace } = resolveTemporal();
    throw new Error(`Temporal at ${connectionOptions.address} has no ${nameOf(target)} in namespace ${namespace}`);
  }
}

function nameOf({ workflowId, runId }: Target): string {
  return runId === undefined ? `workflow ${workflowId}` : `run ${runId} of workflow ${workflowId}`;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
