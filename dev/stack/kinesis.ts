import path from 'node:path';

import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from './pins';
import { awsProbe } from './probes';
import { launch, type Server, type ServerOptions, useGiven } from './server';

const ADDRESS_VARIABLE = 'AWS_ENDPOINT_URL_KINESIS';
const LIST_STREAMS = 'Kinesis_20131202.ListStreams';
const CONTROL_PLANE = [
  'CREATE_STREAM',
  'DELETE_STREAM',
  'REGISTER_STREAM_CONSUMER',
  'DEREGISTER_STREAM_CONSUMER',
  'START_STREAM_ENCRYPTION',
  'STOP_STREAM_ENCRYPTION',
  'MERGE_SHARDS',
  'SPLIT_SHARD',
  'UPDATE_SHARD_COUNT',
  'UPDATE_STREAM_MODE',
];

/** Starts a Kinesis emulator (kinesis-local; state in memory), or uses the endpoint in AWS_ENDPOINT_URL_KINESIS. */
export async function startKinesis(options: ServerOptions = {}): Promise<Server> {
  const given = (options.env ?? process.env)[ADDRESS_VARIABLE];
  if (given && options.port === undefined) {
    return useGiven('kinesis', given, ADDRESS_VARIABLE, awsProbe(given, LIST_STREAMS, false));
  }
  const main = require.resolve('kinesis-local/main.js');
  const preload = path.join(__dirname, 'kinesis-preload.cjs');
  return launch(
    {
      name: 'kinesis',
      origin: 'package',
      portCount: 2,
      fixedPorts: [options.port],
      addressOf,
      commandLine: (ports) => ({
        command: process.execPath,
        args: ['--require', preload, main],
        env: settings(ports, path.dirname(main)),
      }),
      probe: ([port]) => awsProbe(addressOf(port), LIST_STREAMS, true),
    },
    options,
  );
}

function addressOf(port: number | undefined): string {
  return `http://127.0.0.1:${port}`;
}

function settings([port, tlsPort]: readonly number[], packageDir: string): Record<string, string> {
  return {
    ...emulatorSettings(),
    KINESIS_MOCK_PLAIN_PORT: String(port),
    KINESIS_MOCK_TLS_PORT: String(tlsPort),
    KINESIS_MOCK_CERT_PATH: path.join(packageDir, 'server.json'),
  };
}

/** What does not depend on the machine: no waiting in the control plane, and room for many shards. */
export function emulatorSettings(): Record<string, string> {
  return {
    AWS_ACCOUNT_ID: LOCAL_ACCOUNT_ID,
    AWS_REGION: LOCAL_REGION,
    SHARD_LIMIT: '20000',
    ON_DEMAND_STREAM_COUNT_LIMIT: '1000',
    LOG_LEVEL: 'ERROR',
    ...Object.fromEntries(CONTROL_PLANE.map((operation) => [`${operation}_DURATION`, '0ms'])),
  };
}
