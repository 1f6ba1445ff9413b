import { type Stack, startStack } from '../../dev/stack';
import { useKeptWorkflowBundle } from '../../dev/workflow-bundle';
import { startFaultProxy, type FaultProxy } from './fault-proxy';
import { asksForCbor } from './scripted-kinesis/cbor';
import { TEST_VARIABLES, UI_VARIABLE } from './stack-variables';

/** Where global set-up keeps the stack for global tear-down; both run in jest's main process. */
const HOLDER = globalThis as { tidemarkStack?: Stack; tidemarkJsonProxy?: FaultProxy };

/** Jest calls this once per project that needs the stack: the first one starts it, the others find the addresses. */
export default async function startOnce(): Promise<void> {
  await useKeptWorkflowBundle();
  if (Object.values(TEST_VARIABLES).every((name) => process.env[name])) return;
  const stack = await startStack({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  HOLDER.tidemarkStack = stack;
  process.env[TEST_VARIABLES.temporalAddress] = stack.temporalAddress;
  process.env[TEST_VARIABLES.kinesisEndpoint] = stack.kinesisEndpoint;
  HOLDER.tidemarkJsonProxy = await startJsonProxy(stack.kinesisEndpoint);
  process.env[TEST_VARIABLES.jsonKinesisEndpoint] = HOLDER.tidemarkJsonProxy.endpoint;
  process.env[TEST_VARIABLES.dynamodbEndpoint] = stack.dynamodbEndpoint;
  if (stack.temporalUiUrl) process.env[UI_VARIABLE] = stack.temporalUiUrl;
}

/** Stops what `startOnce` started; later calls do nothing. */
export async function stopOnce(): Promise<void> {
  const stack = HOLDER.tidemarkStack;
  if (!stack) return;
  delete HOLDER.tidemarkStack;
  for (const name of [...Object.values(TEST_VARIABLES), UI_VARIABLE]) delete process.env[name];
  await HOLDER.tidemarkJsonProxy?.close();
  await stack.stop();
}

/** The emulator as it would be without CBOR. */
async function startJsonProxy(upstream: string): Promise<FaultProxy> {
  const proxy = await startFaultProxy(upstream);
  proxy.faults.add({ when: asksForCbor, action: { error: 'UnknownOperationException', status: 404 } });
  return proxy;
}
