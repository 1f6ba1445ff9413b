import { stopByUpdate, stopConsumer } from '../../../src/client/stop-consumer';
import { StubClient } from './stub-client';

const NAME = { consumer: 'delays', streamName: 'flights' };
const STREAM_WORKFLOW = 'tidemark/delays/flights';
const SHARDS = ['shardId-0', 'shardId-1'].map((id) => `tidemark/delays/flights@1000/${id}`);

function running(shards: readonly string[] = SHARDS, stop: unknown = {}): Record<string, { stop: unknown }> {
  return Object.fromEntries(shards.map((id) => [id, { stop }]));
}

function callsOf(stub: StubClient, operation: string): string[] {
  return stub.calls.filter((call) => call.operation === operation).map(({ workflowId }) => workflowId);
}

describe('a stop', () => {
  it('goes through the stream workflow, says who and why, and counts the shards', async () => {
    const stub = new StubClient({ [STREAM_WORKFLOW]: { stop: { stopped: 7 } } });
    expect(await stopConsumer(stub.client, NAME, { by: 'ann', reason: 'deploy' })).toEqual({
      shards: 7,
      forced: false,
    });
    expect(stub.calls).toMatchObject([
      {
        operation: 'update',
        workflowId: STREAM_WORKFLOW,
        args: { name: 'stop', args: [{ by: 'ann', reason: 'deploy' }] },
      },
    ]);
  });

  it('leaves out a reason that was not given', async () => {
    const stub = new StubClient({ [STREAM_WORKFLOW]: { stop: { stopped: 0 } } });
    expect(await stopConsumer(stub.client, NAME, { by: 'ann' })).toEqual({ shards: 0, forced: false });
    expect(stub.calls[0]?.args).toEqual({ name: 'stop', args: [{ by: 'ann' }] });
  });

  it('stops shards directly that run without a stream workflow, or were started alone', async () => {
    const stub = new StubClient(running());
    expect(await stopConsumer(stub.client, NAME, { by: 'ann' })).toEqual({ shards: 2, forced: false });
    expect(callsOf(stub, 'update')).toEqual([STREAM_WORKFLOW, ...SHARDS]);
  });

  it('does not touch another consumer whose name begins alike', async () => {
    const others = [
      'tidemark/delays/flights-2@1000/shardId-0',
      'tidemark/delays/flights.eu',
      'tidemark/delays2/flights@1/x',
    ];
    const stub = new StubClient(running([...others, ...SHARDS]));
    await stopConsumer(stub.client, NAME, { by: 'ann' });
    expect(callsOf(stub, 'update')).toEqual([STREAM_WORKFLOW, ...SHARDS]);
  });

  it('of what does not run says so', async () => {
    const stopped = stopConsumer(new StubClient().client, NAME, { by: 'ann' });
    await expect(stopped).rejects.toMatchObject({
      code: 'WORKFLOW_NOT_FOUND',
      message: expect.stringContaining('flights'),
    });
  });

  it('of shards that ended meanwhile counts those that were stopped', async () => {
    const stub = new StubClient(running());
    stub.workflows[STREAM_WORKFLOW] = { stop: { stopped: 3 } };
    stub.workflows[SHARDS[0] ?? ''] = {
      stop: () => {
        stub.workflows[SHARDS[1] ?? ''] = { status: 'COMPLETED' };
        return {};
      },
    };
    const stopped = stopConsumer(stub.client, NAME, { by: 'ann' });
    expect([4, 5]).toContain((await stopped).shards);
  });
});

describe('a stop that is not carried out', () => {
  it('in time has no worker', async () => {
    const stub = new StubClient({ [STREAM_WORKFLOW]: { stop: new Error('deadline exceeded') } });
    await expect(stopConsumer(stub.client, NAME, { by: 'ann', timeoutMs: 0 })).rejects.toMatchObject({
      code: 'NO_WORKER',
      context: { workflow: STREAM_WORKFLOW },
    });
  });

  it('before its time keeps its own reason', async () => {
    const stub = new StubClient({ [STREAM_WORKFLOW]: { stop: new Error('refused') } });
    await expect(stopConsumer(stub.client, NAME, { by: 'ann' })).rejects.toThrow('refused');
  });

  it('gives every workflow the same deadline', async () => {
    const stub = new StubClient(running());
    const before = Date.now();
    await stopConsumer(stub.client, NAME, { by: 'ann', timeoutMs: 5_000 });
    expect(new Set(stub.deadlines).size).toBe(1);
    expect(stub.deadlines[0]).toBeGreaterThanOrEqual(before + 5_000);
  });
});

describe('a forced stop', () => {
  it('terminates the stream workflow before its shards, so that it does not start them again', async () => {
    const stub = new StubClient({ ...running(), [STREAM_WORKFLOW]: {} });
    expect(await stopConsumer(stub.client, NAME, { by: 'ann', reason: 'stuck', force: true })).toEqual({
      shards: 2,
      forced: true,
    });
    expect(callsOf(stub, 'terminate')).toEqual([STREAM_WORKFLOW, ...SHARDS]);
    expect(stub.calls[0]?.args).toBe('stop --force by ann: stuck');
    expect(callsOf(stub, 'update')).toEqual([]);
  });

  it('terminates a shard too that a listing under way has started again', async () => {
    const [shard = ''] = SHARDS;
    const stub = new StubClient({ ...running(), [STREAM_WORKFLOW]: {} });
    const { client } = stub;
    const terminated = new Promise<void>((resolve) => {
      const look = (): void => void (stub.workflows[shard]?.status === 'TERMINATED' ? resolve() : setTimeout(look, 1));
      look();
    });
    const stopped = stopConsumer(client, NAME, { by: 'ann', force: true });
    await terminated;
    stub.workflows[shard] = {};
    expect(await stopped).toEqual({ shards: 2, forced: true });
    expect(stub.workflows[shard]).toEqual({ status: 'TERMINATED' });
  });

  it('of what does not run says so', async () => {
    const stopped = stopConsumer(new StubClient().client, NAME, { by: 'ann', force: true });
    await expect(stopped).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
  });
});

it('one shard that does not run is nothing to stop', async () => {
  const { client } = new StubClient();
  expect(await stopByUpdate(client, SHARDS[0] ?? '', { by: 'ann' }, Date.now() + 1_000)).toBeUndefined();
});
