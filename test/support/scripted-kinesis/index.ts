import { Backend, type BackendOptions } from './backend';
import { KinesisControl } from './control';
import { startJsonServer } from './json-server';
import { executeOperation } from './operations';

export type { FaultAction, FaultHandle, FaultRule } from './fault-rules';
export type { JsonObject, JsonRequest } from './json-request';
export type { LoggedRequest } from './request-log';
export type { BackendOptions as ScriptedKinesisOptions } from './backend';
export type { PutOptions, ScriptedRecord, ScriptedShard } from './control';
export type { KinesisControl as ScriptedKinesis } from './control';

/**
 * A Kinesis of our own for tests: AWS JSON 1.1 over HTTP/1.1 and HTTP/2 on a free loopback port, in AWS's form where emulators
 * deviate, with a settable clock and fault rules. Streams are ACTIVE as soon as they are created.
 */
export async function startScriptedKinesis(options: BackendOptions = {}): Promise<KinesisControl> {
  const backend = new Backend(options);
  const server = await startJsonServer({
    execute: (request) => executeOperation(backend, request),
    nowMs: () => backend.nowMs(),
  });
  return new KinesisControl(backend, server);
}
