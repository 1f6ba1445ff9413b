import type { Client } from '@temporalio/client';

import { hasSearchAttributes } from '../../../src/temporal/search-attributes';
import { startShardWorkflow, startStreamWorkflow } from '../../../src/temporal/start-workflows';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { StubClient } from '../client/stub-client';

const STREAM = { consumer: 'delays', streamName: 'flights', streamArn: 'arn:flights', createdAtMs: 1_767_225_600_000 };
const SHARD = { ...STREAM, shardId: 'shardId-000000000000' };
const timing = { heartbeatTimeoutMs: 10_000, shardSyncIntervalMs: 60_000 };

function shardInput(searchAttributes: boolean): Parameters<typeof startShardWorkflow>[1]['input'] {
  return { shard: SHARD, parentShardIds: [], start: TRIM_HORIZON, timing, searchAttributes };
}

/** Search attributes of a start, by name. */
function attributesOf(stub: StubClient): Record<string, unknown> | undefined {
  const { typedSearchAttributes } = stub.calls[0]?.args as {
    typedSearchAttributes?: { key: { name: string; type: string }; value: unknown }[];
  };
  return typedSearchAttributes && Object.fromEntries(typedSearchAttributes.map(({ key, value }) => [key.name, value]));
}

it('a shard has one workflow per stream incarnation, found again when it runs', async () => {
  const stub = new StubClient();
  const input = shardInput(true);
  await startShardWorkflow(stub.client, { taskQueue: 'queue', input });
  expect(stub.calls[0]).toMatchObject({
    workflowId: 'tidemark/delays/flights@1767225600000/shardId-000000000000',
    args: {
      type: 'tidemarkShard',
      taskQueue: 'queue',
      args: [input],
      staticSummary: 'delays: flights shardId-000000000000',
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    },
  });
  expect(attributesOf(stub)).toEqual({
    TidemarkConsumer: 'delays',
    TidemarkStream: 'flights',
    TidemarkShard: 'shardId-000000000000',
    TidemarkState: 'STARTING',
  });
});

it('a stream has one workflow per consumer, which remembers the incarnation', async () => {
  const stub = new StubClient();
  const registration = { start: TRIM_HORIZON, requestedStart: 'TRIM_HORIZON', registeredAtMs: 1 };
  const input = { stream: STREAM, registration, timing, searchAttributes: true };
  await startStreamWorkflow(stub.client, { taskQueue: 'queue', input });
  expect(stub.calls[0]).toMatchObject({
    workflowId: 'tidemark/delays/flights',
    args: {
      type: 'tidemarkStream',
      memo: { streamArn: 'arn:flights', createdAtMs: STREAM.createdAtMs },
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticDetails: expect.stringContaining('2026-01-01T00:00:00.000Z'),
    },
  });
  expect(attributesOf(stub)).toEqual({
    TidemarkConsumer: 'delays',
    TidemarkStream: 'flights',
    TidemarkState: 'STARTING',
  });
});

it('search attributes are left out where the namespace has none', async () => {
  const stub = new StubClient();
  await startShardWorkflow(stub.client, { taskQueue: 'queue', input: shardInput(false) });
  expect(attributesOf(stub)).toBeUndefined();
});

describe('a namespace', () => {
  const MOST = { TidemarkConsumer: 2, TidemarkStream: 2, TidemarkShard: 2 };

  function clientOf(answer: object | Error): Client {
    const listSearchAttributes = (): Promise<object> =>
      answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    return {
      options: { namespace: 'n' },
      connection: { operatorService: { listSearchAttributes } },
    } as unknown as Client;
  }

  it.each([
    ['all of them', { customAttributes: { ...MOST, TidemarkState: 2, Other: 1 } }, true],
    ['only some', { customAttributes: MOST }, false],
    ['none', { customAttributes: {} }, false],
    ['no word of them', {}, false],
    ['no permission to say', new Error('denied'), false],
  ] as [string, object | Error, boolean][])('with %s', async (_, answer, expected) => {
    expect(await hasSearchAttributes(clientOf(answer))).toBe(expected);
  });
});
