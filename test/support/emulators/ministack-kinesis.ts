import { readdirSync } from 'node:fs';
import path from 'node:path';
import { CACHE_DIR } from '../../../dev/stack/paths';
import { LOCAL_ACCOUNT_ID, LOCAL_REGION, MINISTACK_VERSION } from '../../../dev/stack/pins';
import { awsProbe } from '../../../dev/stack/probes';
import { launch, type Server } from '../../../dev/stack/server';
import { installWheel } from '../../../dev/stack/wheels';

const LIST_STREAMS = 'Kinesis_20131202.ListStreams';
const WHEEL = { name: 'ministack', version: MINISTACK_VERSION, command: 'ministack' };
/** MiniStack knows CBOR where it finds this, and refuses it otherwise. */
const CBOR_WHEEL = { name: 'cbor2', version: '5.6.5', command: 'cbor2' };

/** Starts MiniStack's Kinesis on a free port: the program that the stack has for DynamoDB. */
export async function startMinistackKinesis({ knowsCbor }: { readonly knowsCbor: boolean }): Promise<Server> {
  const file = await installWheel(CACHE_DIR, WHEEL, process.env);
  const modules = knowsCbor ? modulesOf(await installWheel(CACHE_DIR, CBOR_WHEEL, process.env)) : '';
  const addressOf = (port: number | undefined): string => `http://127.0.0.1:${port}`;
  return launch(
    {
      name: 'kinesis',
      origin: 'wheel',
      portCount: 1,
      fixedPorts: [],
      addressOf,
      commandLine: ([port]) => ({ command: file, args: [], env: { ...settings(port), PYTHONPATH: modules } }),
      probe: ([port]) => awsProbe(addressOf(port), LIST_STREAMS, true),
    },
    {},
  );
}

function settings(port: number | undefined): Record<string, string> {
  return {
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    SERVICES: 'kinesis',
    LOG_LEVEL: 'ERROR',
    MINISTACK_REGION: LOCAL_REGION,
    MINISTACK_ACCOUNT_ID: LOCAL_ACCOUNT_ID,
  };
}

/** Where Python finds what the wheel of this program brings. */
function modulesOf(program: string): string {
  const lib = path.resolve(program, '../../lib');
  return path.join(lib, readdirSync(lib).find((name) => name.startsWith('python')) ?? '', 'site-packages');
}
