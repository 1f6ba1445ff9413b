import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { StopShardsInput, StopShardsResult, StreamStatus, SyncInput, SyncResult } from '../../src/core/shard-work';
import type { ControlRequest } from '../../src/core/control';
import { eventually } from '../support/eventually';
import { TIMING, useWorkflowEnv } from '../support/workflow-env';
import { acceptedStop, failureOf, gate, REQUEST, syncResult } from './scene';
import { cancellation } from './scripted-shard';

const openLab = useWorkflowEnv();

/** Fakes of the stream workflow's activities: listings as scripted, the last one for ever. */
class ScriptedStream {
  readonly syncs: SyncInput[] = [];
  readonly stops: StopShardsInput[] = [];
  private readonly listings: ((input: SyncInput) => Promise<SyncResult>)[];

  constructor(...listings: ((input: SyncInput) => Promise<SyncResult>)[]) {
    this.listings = listings;
  }

  readonly syncShards = async (input: SyncInput): Promise<SyncResult> => {
    this.syncs.push(input);
    const listing = this.listings.length > 1 ? this.listings.shift() : this.listings[0];
    return listing ? listing(input) : syncResult();
  };

  readonly stopShards = async (input: StopShardsInput): Promise<StopShardsResult> => {
    this.stops.push(input);
    return { stopped: 3 };
  };

  async listed(times: number): Promise<void> {
    await eventually(() => this.syncs.length >= times, { what: `listing ${times}`, intervalMs: 10 });
  }
}

const stop = (handle: WorkflowHandle, request: ControlRequest = REQUEST): Promise<StopShardsResult> =>
  handle.executeUpdate<StopShardsResult, [ControlRequest]>('stop', { args: [request] });

const failing =
  (type: string, more: { nonRetryable?: boolean; nextRetryDelay?: '1 hour' } = {}) =>
  (): Promise<never> =>
    Promise.reject(ApplicationFailure.create({ type, message: `failed with ${type}`, ...more }));

describe('the stream workflow', () => {
  it('lists the shards at its start, and tells its status', async () => {
    const lab = openLab();
    const stream = new ScriptedStream();
    await lab.startWorker(stream);
    const handle = await lab.startStream();
    await stream.listed(1);
    expect(stream.syncs[0]).toMatchObject({
      stream: lab.stream,
      registration: { requestedStart: 'TRIM_HORIZON' },
      searchAttributes: false,
    });
    await eventually(async () => {
      const status = await handle.query<StreamStatus>('streamStatus');
      expect(status).toEqual({ stream: lab.stream, stopping: false, lastSync: syncResult() });
    });
  });

  it('lists them again at the interval that the last listing brought', async () => {
    const lab = openLab();
    const quick = syncResult({ timing: { ...TIMING, shardSyncIntervalMs: 200 } });
    const stream = new ScriptedStream(async () => quick);
    await lab.startWorker(stream);
    await lab.startStream();
    await stream.listed(3);
  });

  it('lists once more for all the signals that came during a listing', async () => {
    const lab = openLab();
    const { opened, open } = gate();
    const stream = new ScriptedStream(
      async () => {
        await opened;
        return syncResult();
      },
      async () => syncResult({ listed: 8 }),
    );
    await lab.startWorker(stream);
    const handle = await lab.startStream();
    await stream.listed(1);
    await Promise.all(['a', 'b', 'c'].map((shardId) => handle.signal('shardFinished', shardId)));
    open();
    await stream.listed(2);
    await eventually(async () => (await handle.query<StreamStatus>('streamStatus')).lastSync?.listed === 8);
    expect(stream.syncs).toHaveLength(2);
  });

  it('waits out a listing that fails, and fails itself only when the stream is gone', async () => {
    const lab = openLab();
    const stream = new ScriptedStream(
      failing('KINESIS_UNAVAILABLE'),
      failing('STREAM_RECREATED', { nonRetryable: true }),
    );
    await lab.startWorker(stream);
    const handle = await lab.startStream();
    expect(await failureOf(handle)).toMatchObject({ type: 'STREAM_RECREATED', nonRetryable: true });
    expect(stream.syncs).toHaveLength(2);
    expect((await handle.query<StreamStatus>('streamStatus')).lastError).toMatchObject({ code: 'STREAM_RECREATED' });
  });

  it('is cancelled from outside while it waits', async () => {
    const lab = openLab();
    const stream = new ScriptedStream();
    await lab.startWorker(stream);
    const handle = await lab.startStream();
    await stream.listed(1);
    await handle.cancel();
    expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
  });
});

describe('its update "stop"', () => {
  it('stops all shards, completes, and answers every asker', async () => {
    const lab = openLab();
    const stream = new ScriptedStream();
    const { opened, open } = gate();
    const stopShards = async (input: StopShardsInput): Promise<StopShardsResult> => {
      await opened;
      return stream.stopShards(input);
    };
    await lab.startWorker({ syncShards: stream.syncShards, stopShards });
    const handle = await lab.startStream();
    await stream.listed(1);
    const first = await acceptedStop<StopShardsResult>(handle, REQUEST);
    const second = await acceptedStop<StopShardsResult>(handle, { by: 'another' });
    open();
    expect(await Promise.all([first.result(), second.result()])).toEqual([{ stopped: 3 }, { stopped: 3 }]);
    expect(await handle.result()).toEqual({ stopped: 3 });
    expect(stream.stops).toEqual([{ stream: lab.stream, request: REQUEST }]);
    expect(stream.syncs).toHaveLength(1);
  });

  it('does not wait for a listing that Temporal tries again later', async () => {
    const lab = openLab();
    const stream = new ScriptedStream(failing('KINESIS_UNAVAILABLE', { nextRetryDelay: '1 hour' }));
    await lab.startWorker(stream);
    const handle = await lab.startStream();
    await stream.listed(1);
    expect(await stop(handle)).toEqual({ stopped: 3 });
  });

  it('stops no shard while a listing that may start some still runs', async () => {
    const lab = openLab();
    const order: string[] = [];
    const stream = new ScriptedStream(async () => {
      await cancellation();
      order.push('listing ended');
      return syncResult();
    });
    await lab.startWorker({
      syncShards: stream.syncShards,
      stopShards: async (input) => {
        order.push('stopping');
        return stream.stopShards(input);
      },
    });
    const handle = await lab.startStream();
    await stream.listed(1);
    expect(await stop(handle)).toEqual({ stopped: 3 });
    expect(order).toEqual(['listing ended', 'stopping']);
  });

  it('is obeyed before the first listing', async () => {
    const lab = openLab();
    const handle = await lab.startStream();
    const answer = stop(handle);
    await lab.startWorker(new ScriptedStream());
    expect(await answer).toEqual({ stopped: 3 });
  });

  it('without a name is rejected and changes nothing', async () => {
    const lab = openLab();
    const stream = new ScriptedStream();
    await lab.startWorker(stream);
    const handle = await lab.startStream();
    await stream.listed(1);
    const error: unknown = await stop(handle, { by: '' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((error as WorkflowUpdateFailedError).cause).toMatchObject({ type: 'INVALID_OPTION' });
    expect(await handle.query<StreamStatus>('streamStatus')).toMatchObject({ stopping: false });
    expect(stream.stops).toEqual([]);
  });
});
