import type { Context } from '@temporalio/activity';
import { Ownership } from '../../../src/activities/ownership';
import { eventually } from '../../support/eventually';
import { SliceScene } from './support/slice-scene';
import { IS_FAN_OUT } from './support/source';

describe('what each shard of a process costs', () => {
  afterEach(() => jest.useRealTimers());

  it.each([10_000, 2_000, 60_000])('of heartbeats: four in a time-out of %i ms', (heartbeatTimeoutMs) => {
    jest.useFakeTimers();
    let heartbeats = 0;
    const context = {
      info: { heartbeatTimeoutMs },
      cancellationSignal: new AbortController().signal,
      heartbeat: () => (heartbeats += 1),
    } as unknown as Context;
    let nowMs = 0;
    const ownership = new Ownership(context, () => nowMs);
    expect(heartbeats).toBe(1);
    for (const _ of [1, 2, 3, 4]) {
      nowMs += heartbeatTimeoutMs / 4;
      jest.advanceTimersByTime(heartbeatTimeoutMs / 4);
    }
    expect(heartbeats).toBe(5);
    ownership.assertOwner();
    ownership.close();
  });

  it('of polls, until records come: the fewer the more shards there are', async () => {
    const scene = await SliceScene.open({ historyIntervalMs: 60_000, pollIntervalMs: 200, idlePollIntervalMs: 2_000 });
    for (let shard = 0; shard < 2_000; shard += 1) scene.running.add(String(shard));
    const slice = scene.begin();
    if (!IS_FAN_OUT) {
      const polls = (): number[] => scene.server.requests.list('GetRecords').map(({ atMs }) => atMs);
      await eventually(() => polls().length >= 2);
      const [first = NaN, second = NaN] = polls();
      expect(second - first).toBeGreaterThan(1_000);
    }
    slice.cancel({ cancelRequested: true });
    await slice.done;
    await scene.close();
  });
});
