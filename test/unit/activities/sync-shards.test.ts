import { createActivitiesFrom, type Activities } from '../../../src/activities';
import { TrialLane } from '../../../src/activities/trial-lane';
import { shardWorkflowId, type StreamIncarnation } from '../../../src/core/names';
import { SHARD_END, TRIM_HORIZON, type Position } from '../../../src/core/positions';
import type { StreamRegistration, SyncResult } from '../../../src/core/shard-work';
import { MemoryCheckpointHistory } from '../../../src/checkpoints/checkpoint-history';
import { MemoryDeadLetterStore } from '../../../src/dead-letters/memory-dead-letters';
import { defineConsumer } from '../../../src/handler/define-consumer';
import { inlineRunner } from '../../../src/handler/inline-runner';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';
import { startScriptedKinesis, type ScriptedKinesis } from '../../support/scripted-kinesis';
import { localKinesisClient } from '../../support/scripted-kinesis/client';
import { KeptSources } from '../../../src/activities/kept-sources';
import { PageMemory } from '../../../src/kinesis/page-memory';
import { StubClient } from '../client/stub-client';
import { startActivity } from './support/activity';
import { WatchedStore } from './support/watched-store';

const T0: Position = { at: 'AT_TIMESTAMP', timestampMs: 1_000 };
const REGISTRATION: StreamRegistration = { start: T0, requestedStart: 'LATEST', registeredAtMs: 1_000 };
const idOf = (index: number): string => `shardId-${String(index).padStart(12, '0')}`;

let server: ScriptedKinesis;
let store: WatchedStore;
let stub: StubClient;
let stream: StreamIncarnation;
let activities: Activities;

beforeEach(async () => {
  server = await startScriptedKinesis();
  const { arn, createdAtMs } = server.createStream('flights', 2);
  stream = { consumer: 'delays', streamName: 'flights', streamArn: arn, createdAtMs };
  store = new WatchedStore();
  stub = new StubClient();
  const handler = (): void => undefined;
  const definition = defineConsumer({ name: 'delays', stream: 'flights', startFrom: 'LATEST', handler });
  const kinesis = new AwsKinesis(localKinesisClient(server.endpoint));
  const letters = new MemoryDeadLetterStore();
  const history = new MemoryCheckpointHistory();
  const runtime = { definition, kinesis, store, letters, history, runner: () => inlineRunner(definition) };
  activities = createActivitiesFrom({
    consumers: new Map([['delays/flights', runtime]]),
    worker: 'worker-1',
    running: new Set(),
    pageMemory: new PageMemory(2 ** 30),
    keptSources: new KeptSources(),
    now: () => server.now(),
    random: () => 0,
    mintToken: () => 'token',
    trialLane: new TrialLane(),
  });
});

afterEach(() => server.close());

function sync(): Promise<SyncResult> {
  const input = { stream, registration: REGISTRATION, searchAttributes: false };
  return startActivity(() => activities.syncShards(input), { taskQueue: 'of the workflow' }, stub.client).done;
}

/** Shards whose workflows were started since the last look, with where they begin. */
function takeStarted(): Record<string, Position> {
  const started = stub.calls.splice(0).map(({ args }) => {
    const { args: [input] = [] } = args as { args?: { shard: { shardId: string }; start: Position }[] };
    return [input?.shard.shardId, input?.start];
  });
  return Object.fromEntries(started) as Record<string, Position>;
}

async function finish(index: number): Promise<void> {
  const shard = { ...stream, shardId: idOf(index) };
  const writer = { runId: 'run', activityId: '1', activitySeq: 1, attempt: 1 };
  const facts = { totals: { records: 0, bytes: 0, batches: 0 }, committedAtMs: 0 };
  const next = { position: SHARD_END, generation: 0, token: 'end' };
  await store.write({ shard, condition: { absent: true }, next, facts, writer, workflowId: '', parentShardIds: [] });
}

describe('the first listing', () => {
  it('starts every open shard where the consumer begins, and records it first', async () => {
    expect(await sync()).toMatchObject({ listed: 2, running: 2, finished: 0, waiting: 0, expiredCount: 0 });
    expect(stub.calls[0]).toMatchObject({
      workflowId: shardWorkflowId({ ...stream, shardId: idOf(0) }),
      args: { taskQueue: 'of the workflow', workflowIdConflictPolicy: 'USE_EXISTING' },
    });
    expect(takeStarted()).toEqual({ [idOf(0)]: T0, [idOf(1)]: T0 });
    expect((await store.listKnownShards(stream)).map(({ start }) => start)).toEqual([T0, T0]);
    expect(await store.findRegistration(stream)).toMatchObject({ initialShardsRecorded: true });
  });

  it('that crashed half-way goes on with the same start', async () => {
    await store.register(stream, { ...REGISTRATION, initialShardsRecorded: false });
    await store.recordShards(stream, [{ shardId: idOf(0), parentShardIds: [], start: T0 }]);
    await sync();
    expect(takeStarted()).toEqual({ [idOf(0)]: T0, [idOf(1)]: T0 });
  });
});

describe('later listings', () => {
  beforeEach(async () => {
    await sync();
    takeStarted();
  });

  it('start what runs again: a workflow that is there is found, one that is lost is replaced', async () => {
    await sync();
    expect(Object.keys(takeStarted())).toEqual([idOf(0), idOf(1)]);
  });

  it('start children at the trim horizon, once their parent is finished', async () => {
    server.split('flights', idOf(0));
    expect(await sync()).toMatchObject({ listed: 4, waiting: 2, running: 2 });
    expect(Object.keys(takeStarted())).toEqual([idOf(0), idOf(1)]);
    await finish(0);
    expect(await sync()).toMatchObject({ finished: 1, waiting: 0, running: 3 });
    expect(takeStarted()).toEqual({ [idOf(1)]: T0, [idOf(2)]: TRIM_HORIZON, [idOf(3)]: TRIM_HORIZON });
  });

  it('start the child of a merge once both parents are finished', async () => {
    server.merge('flights', idOf(0), idOf(1));
    await finish(0);
    expect(await sync()).toMatchObject({ waiting: 1 });
    expect(Object.keys(takeStarted())).toEqual([idOf(1)]);
    await finish(1);
    await sync();
    expect(takeStarted()).toEqual({ [idOf(2)]: TRIM_HORIZON });
  });

  it('name shards that retention took before they were finished', async () => {
    server.split('flights', idOf(0));
    server.removeShard('flights', idOf(0));
    expect(await sync()).toMatchObject({ expired: [idOf(0)], expiredCount: 1, waiting: 0, running: 3 });
  });

  it('begin new shards at the trim horizon also after the registration was lost', async () => {
    const lossy = new WatchedStore();
    await lossy.recordShards(stream, await store.listKnownShards(stream));
    Object.assign(store, {
      findRegistration: lossy.findRegistration.bind(lossy),
      register: lossy.register.bind(lossy),
    });
    const [child] = server.split('flights', idOf(0));
    await finish(0);
    await sync();
    expect(takeStarted()).toMatchObject({ [child]: TRIM_HORIZON });
    expect(await lossy.findRegistration(stream)).toMatchObject({ start: T0, initialShardsRecorded: true });
  });
});

describe('a stream that is no more', () => {
  it.each([
    ['deleted', 'STREAM_DELETED', () => server.deleteStream('flights')],
    ['being deleted', 'STREAM_DELETED', () => server.setStreamStatus('flights', 'DELETING')],
    ['created anew', 'STREAM_RECREATED', recreate],
  ] as [string, string, () => void][])('%s ends the workflow, and nothing is recorded', async (_, type, change) => {
    change();
    await expect(sync()).rejects.toMatchObject({ type, nonRetryable: true });
    expect([await store.listKnownShards(stream), stub.calls]).toEqual([[], []]);
  });

  it('created anew just before it was listed: none of its shards is recorded for the one before', async () => {
    const created = server.faults.add({ operation: 'ListShards', times: 1, action: { rewrite: recreateThen } });
    await expect(sync()).rejects.toMatchObject({ type: 'STREAM_RECREATED' });
    expect(created.hits).toBe(1);
    expect([await store.listKnownShards(stream), stub.calls]).toEqual([[], []]);
  });

  function recreate(): void {
    server.deleteStream('flights');
    server.createStream('flights', 3);
  }

  function recreateThen(page: Record<string, unknown>): Record<string, unknown> {
    recreate();
    return page;
  }
});

it('a listing that Kinesis does not answer is for Temporal to try again: a part is never acted upon', async () => {
  server.faults.add({ operation: 'ListShards', action: { error: 'LimitExceededException' } });
  await expect(sync()).rejects.toMatchObject({ type: 'THROUGHPUT_EXCEEDED', nonRetryable: false });
  expect(await store.listKnownShards(stream)).toEqual([]);
});

it('a worker without the consumer says so, and another may have it', async () => {
  stream = { ...stream, consumer: 'unknown' };
  await expect(sync()).rejects.toMatchObject({ type: 'UNKNOWN_CONSUMER', nonRetryable: false });
});

describe('stopping the shards', () => {
  const request = { by: 'ann', reason: 'deploy' };

  function stop(): Promise<{ stopped: number }> {
    return startActivity(() => activities.stopShards({ stream, request }), {}, stub.client).done;
  }

  it('asks every recorded shard that runs, and counts those that stood', async () => {
    await sync();
    takeStarted();
    stub.workflows[shardWorkflowId({ ...stream, shardId: idOf(0) })] = { stop: {} };
    stub.workflows[shardWorkflowId({ ...stream, shardId: idOf(1) })] = { status: 'COMPLETED' };
    expect(await stop()).toEqual({ stopped: 1 });
    expect(stub.calls.map(({ args }) => args)).toEqual([
      { name: 'stop', args: [request] },
      { name: 'stop', args: [request] },
    ]);
  });

  it('fails, to be tried again, if one does not stand', async () => {
    await sync();
    takeStarted();
    stub.workflows[shardWorkflowId({ ...stream, shardId: idOf(0) })] = { stop: {} };
    stub.workflows[shardWorkflowId({ ...stream, shardId: idOf(1) })] = { stop: new Error('away') };
    await expect(stop()).rejects.toMatchObject({ type: 'INTERNAL', nonRetryable: false });
  });
});
