import { Agent, request as startRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

import type { JsonReply, JsonRequest } from './scripted-kinesis/json-request';
import { startJsonServer, type FaultyServer } from './scripted-kinesis/json-server';

export type { FaultAction, FaultHandle, FaultRule } from './scripted-kinesis/fault-rules';
export type { JsonObject, JsonRequest } from './scripted-kinesis/json-request';

export type FaultProxy = FaultyServer;

const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host'];

/**
 * HTTP/1.1 proxy to one upstream endpoint that speaks AWS JSON, such as a DynamoDB emulator. Rules match the operation
 * of X-Amz-Target and the parsed body. An upstream that breaks off breaks the client's connection as well.
 */
export async function startFaultProxy(upstreamUrl: string): Promise<FaultProxy> {
  const upstream = new URL(upstreamUrl);
  const agent = new Agent({ keepAlive: true });
  const send = (request: JsonRequest): Promise<JsonReply> => forward(upstream, agent, request);
  const server = await startJsonServer({ execute: send, nowMs: Date.now });
  const close = async (): Promise<void> => {
    await server.close();
    agent.destroy();
  };
  return {
    endpoint: server.endpoint,
    faults: server.faults,
    requests: server.requests,
    outage: (on) => server.outage(on),
    close,
  };
}

function forward(upstream: URL, agent: Agent, request: JsonRequest): Promise<JsonReply> {
  return new Promise((resolve, reject) => {
    const outgoing = startRequest(
      {
        host: upstream.hostname,
        port: upstream.port,
        method: request.method,
        path: request.path,
        headers: { ...endToEnd(request.headers), 'content-length': request.bytes.length },
        agent,
      },
      (response) => readReply(response).then(resolve, reject),
    );
    outgoing.on('error', reject);
    outgoing.end(request.bytes);
  });
}

async function readReply(response: IncomingMessage): Promise<JsonReply> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 502, headers: endToEnd(response.headers), body: Buffer.concat(chunks) };
}

function endToEnd(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !HOP_BY_HOP.includes(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
