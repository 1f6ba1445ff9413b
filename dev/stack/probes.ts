import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

import { LOCAL_CREDENTIALS, LOCAL_REGION } from './pins';
import { type Probe } from './readiness';

const REQUEST_LIMIT_MS = 2_000;

/** One call of an AWS JSON service. A server that is not ours may refuse the dummy signature: any answer will do. */
export function awsProbe(endpoint: string, target: string, ours: boolean): Probe {
  const service = target.startsWith('Kinesis') ? 'kinesis' : 'dynamodb';
  const scope = `20260101/${LOCAL_REGION}/${service}/aws4_request`;
  const headers = {
    'content-type': `application/x-amz-json-${service === 'kinesis' ? '1.1' : '1.0'}`,
    'x-amz-target': target,
    'x-amz-date': '20260101T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=${LOCAL_CREDENTIALS.accessKeyId}/${scope}, SignedHeaders=host, Signature=0`,
  };
  return async (signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]);
    const response = await fetch(endpoint, { method: 'POST', headers, body: '{}', signal: limit });
    const answer = await response.text();
    if (ours && !response.ok) throw new Error(`${endpoint} answered ${response.status}: ${answer.slice(0, 200)}`);
  };
}

/** A page of the Web UI. */
export function pageProbe(url: string): Probe {
  return async (signal) => {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]) });
    await response.text();
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  };
}

/** Describes the namespace of a Temporal server that we started. */
export function temporalProbe(address: string): Probe {
  return async (signal) => describeNamespace({ address }, 'default', signal);
}

/** The same for a server that the environment names, with its TLS, API key and namespace. */
export function givenTemporalProbe(env: NodeJS.ProcessEnv): Probe {
  return async (signal) => {
    const variables = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const config = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(variables) });
    await describeNamespace(config.connectionOptions, config.namespace ?? 'default', signal);
  };
}

type ConnectionOptions = Parameters<typeof Connection.connect>[0];

async function describeNamespace(options: ConnectionOptions, namespace: string, signal: AbortSignal): Promise<void> {
  const connection = await Connection.connect({ ...options, connectTimeout: REQUEST_LIMIT_MS });
  try {
    const ask = () => connection.workflowService.describeNamespace({ namespace });
    await connection.withAbortSignal(signal, () => connection.withDeadline(Date.now() + REQUEST_LIMIT_MS, ask));
  } finally {
    await connection.close();
  }
}
