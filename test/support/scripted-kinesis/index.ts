import { Backend, type BackendOptions } from './backend';
import type { CborForm } from './cbor';
import { KinesisControl } from './control';
import { startJsonServer } from './json-server';
import { executeOperation } from './operations';

export type { CborForm } from './cbor';
export type { FaultAction, FaultHandle, FaultRule } from './fault-rules';
export type { JsonObject, JsonRequest } from './json-request';
export type { LoggedRequest } from './request-log';
export type { PutOptions, ScriptedRecord, ScriptedShard } from './control';
export type { KinesisControl as ScriptedKinesis } from './control';

export interface ScriptedKinesisOptions extends BackendOptions {
  /** Default: AWS's form of CBOR; 'refused' with TIDEMARK_TEST_WIRE=json, so that the tests run on JSON. */
  cbor?: CborForm | 'refused';
}

/**
 * A Kinesis of our own for tests: AWS JSON 1.1 over HTTP/1.1 and HTTP/2 on a free loopback port, in AWS's form where emulators
 * deviate, with a settable clock and fault rules. Streams are ACTIVE as soon as they are created.
 */
export async function startScriptedKinesis(options: ScriptedKinesisOptions = {}): Promise<KinesisControl> {
  const { cbor = isJsonForced() ? 'refused' : {} } = options;
  const backend = new Backend(options);
  const server = await startJsonServer({
    execute: (request) => executeOperation(backend, request),
    nowMs: () => backend.nowMs(),
    cbor: () => cbor,
  });
  return new KinesisControl(backend, server);
}

/** Whether the tests are to run as if no endpoint knew CBOR. */
export function isJsonForced(): boolean {
  return process.env['TIDEMARK_TEST_WIRE'] === 'json';
}
