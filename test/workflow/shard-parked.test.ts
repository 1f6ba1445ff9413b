import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ParkedRequest } from '../../src/core/shard-work';
import { eventually } from '../support/eventually';
import { useWorkflowEnv } from '../support/workflow-env';
import { acceptedOrder, happened, JANE, order, parked, refusalOf } from './parked-scene';
import { acceptedStop, begun, failureOf, gate, play, REQUEST, resultOf, statusOf, stop } from './scene';
import {
  cancellation,
  carriesOut,
  commits,
  failsWith,
  halts,
  parksKey,
  handlerFails,
  readsUntilStopped,
  type Step,
} from './scripted-shard';

const openLab = useWorkflowEnv();
const AFTER_2 = { at: 'AFTER', sequenceNumber: '2' };
const AFTER_3 = { at: 'AFTER', sequenceNumber: '3' };

describe('a parked shard', () => {
  it.each(['retry', 'skip'] as const)('goes on when an operator orders %s, and says so', async (kind) => {
    const { shard, handle } = await play(openLab(), [commits(2), halts(), carriesOut, readsUntilStopped]);
    expect(await parked(handle)).toMatchObject({
      position: AFTER_2,
      halt: { how: 'park', sequenceNumber: '3' },
      streak: { phase: 'final', through: '3' },
      lastError: { message: 'record 3 failed for good' },
    });
    expect(shard.inputs).toHaveLength(2);
    const answer = await order(handle, kind, { ...JANE, sequenceNumber: '3' });
    expect(answer).toMatchObject({ phase: 'READING', position: AFTER_3 });
    expect(answer).not.toHaveProperty('halt');
    expect(shard.inputs[2]).toMatchObject({ order: { kind, ...JANE }, streak: { phase: 'final', through: '3' } });
    await begun(shard, 4);
    expect(shard.inputs[3]).not.toHaveProperty('order');
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED' });
    expect(shard.problems).toEqual([]);
  });

  it('that fails again is parked again, and the order is answered with that', async () => {
    const { shard, handle } = await play(openLab(), [halts()]);
    await parked(handle);
    expect(await order(handle, 'retry')).toMatchObject({ phase: 'PARKED', halt: { sequenceNumber: '1' } });
    expect(await order(handle, 'retry')).toMatchObject({ phase: 'PARKED' });
    expect(shard.inputs).toHaveLength(3);
    await stop(handle);
  });

  it('that halts again without a word about the order has answered it: it waits again', async () => {
    const forgets: Step = async (slice) => {
      const failed: unknown = await Promise.resolve(slice)
        .then(halts())
        .catch((error: unknown) => error);
      if (failed instanceof ApplicationFailure) delete (failed.details?.[0] as { orderDone?: boolean }).orderDone;
      throw failed;
    };
    const { shard, handle } = await play(openLab(), [halts(), forgets]);
    await parked(handle);
    expect(await order(handle, 'skip')).toMatchObject({ phase: 'PARKED', halt: { sequenceNumber: '1' } });
    expect(shard.inputs).toHaveLength(2);
    await stop(handle);
  });

  it('goes on by itself when its time is over', async () => {
    const { shard, handle } = await play(openLab(), [halts({ forMs: 300 }), carriesOut, readsUntilStopped]);
    await begun(shard, 3);
    expect(shard.inputs[1]?.order).toMatchObject({ kind: 'retry', by: 'Tidemark', reason: 'its time is over' });
    expect(await statusOf(handle)).toMatchObject({ phase: 'READING' });
    await stop(handle);
  });

  it('is stopped where it stands', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), halts({ forMs: 3_600_000 })]);
    await parked(handle);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED', position: AFTER_2, halt: { sequenceNumber: '3' } });
    expect(await resultOf(handle)).toMatchObject({ phase: 'STOPPED', position: AFTER_2 });
    expect(shard.inputs).toHaveLength(2);
  });

  it('is cancelled from outside', async () => {
    const { handle } = await play(openLab(), [halts()]);
    await parked(handle);
    await handle.cancel();
    expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
  });

  it('is the same without a cache of workflows', async () => {
    const { shard, handle } = await play(
      openLab(),
      [
        commits(2),
        halts({ forMs: 300 }),
        halts(),
        carriesOut,
        halts({ forMs: 3_600_000 }),
        carriesOut,
        readsUntilStopped,
      ],
      { searchAttributes: true },
      { maxCachedWorkflows: 0, maxConcurrentWorkflowTaskPolls: 1 },
    );
    await begun(shard, 3);
    await parked(handle);
    expect(await order(handle, 'retry')).toMatchObject({ position: AFTER_3 });
    await parked(handle);
    expect(await order(handle, 'skip')).toMatchObject({ position: { sequenceNumber: '4' } });
    await begun(shard, 7);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED' });
    expect(shard.problems).toEqual([]);
  });
});

describe('an order while partition keys are parked', () => {
  it('ends the running slice at its next commit, and is carried out by the one that follows', async () => {
    const steps = [parksKey, readsUntilStopped, carriesOut, readsUntilStopped];
    const { shard, handle } = await play(openLab(), steps);
    await begun(shard, 2);
    expect(await order(handle, 'skip', { ...JANE, keyDigest: 'k' })).toMatchObject({ position: AFTER_3 });
    expect(shard.inputs[2]?.order).toMatchObject({ kind: 'skip', keyDigest: 'k' });
    expect(shard.inputs[2]?.belief.position).toEqual(AFTER_2);
    await stop(handle);
  });

  it('is refused where nothing of the key is parked after all', async () => {
    const misses: Step = (slice) => slice.result({ ...slice.orderDone, orderMissed: true });
    const { handle } = await play(openLab(), [parksKey, readsUntilStopped, misses, readsUntilStopped]);
    await eventually(async () => (await statusOf(handle)).progress.parkedKeys === 1, { timeoutMs: 30_000 });
    const answer = order(handle, 'retry', { ...JANE, keyDigest: 'k' });
    expect(await refusalOf(answer)).toMatchObject({ type: 'NOT_PARKED' });
    expect(await statusOf(handle)).toMatchObject({ phase: 'READING' });
    await stop(handle);
  });

  it('is carried out although the slice that it ends parks the shard', async () => {
    const parksWhenAsked: Step = async (slice) => {
      await cancellation();
      return halts()(slice);
    };
    const { shard, handle } = await play(openLab(), [parksKey, parksWhenAsked, carriesOut, readsUntilStopped]);
    await begun(shard, 2);
    expect(await order(handle, 'retry')).toMatchObject({ phase: 'READING', position: AFTER_2 });
    expect(await statusOf(handle)).not.toHaveProperty('halt');
    await stop(handle);
  });

  it('does not wait for the retry of a failed batch', async () => {
    const { shard, handle } = await play(openLab(), [parksKey, handlerFails(3_600_000), carriesOut, readsUntilStopped]);
    await eventually(async () => (await statusOf(handle)).failures === 1, { what: 'the failure', timeoutMs: 30_000 });
    expect(await order(handle, 'retry')).toMatchObject({ phase: 'READING', position: AFTER_2 });
    // The next slice may have begun by now.
    expect(shard.inputs[2]?.order).toMatchObject({ kind: 'retry', ...JANE });
    await stop(handle);
  });
});

describe('an order that is pending', () => {
  const slow = (opened: Promise<void>): Step => {
    return async (slice) => {
      await opened;
      return carriesOut(slice);
    };
  };

  it('is not replaced by a second one, which is refused', async () => {
    const { opened, open } = gate();
    const { shard, handle } = await play(openLab(), [halts(), slow(opened), readsUntilStopped]);
    await parked(handle);
    const first = await acceptedOrder(handle, 'retry');
    const second = await refusalOf(order(handle, 'skip', { by: 'ann', reason: 'hurry' }));
    expect(second).toMatchObject({
      type: 'NOT_PARKED',
      message: expect.stringContaining('(retry, by jane)') as string,
    });
    open();
    expect(await first.result()).toMatchObject({ phase: 'READING' });
    expect(shard.inputs[1]?.order).toMatchObject({ kind: 'retry', by: 'jane' });
    await stop(handle);
  });

  it('given at the same time as another one is the only one that is accepted', async () => {
    const { lab, shard, handle } = await play(openLab(), [halts(), carriesOut, readsUntilStopped]);
    await parked(handle);
    await lab.stopWorker();
    const orders = [order(handle, 'retry'), order(handle, 'skip', { by: 'ann', reason: 'hurry' })];
    const settled = Promise.allSettled(orders);
    await lab.startWorker({ processBatches: shard.processBatches });
    const statuses = (await settled).map(({ status }) => status);
    expect(statuses.sort()).toEqual(['fulfilled', 'rejected']);
    await begun(shard, 3);
    expect(shard.inputs.filter((input) => input.order !== undefined)).toHaveLength(1);
    await stop(handle);
  });

  it('survives a slice that fails, without haste', async () => {
    const { shard, handle } = await play(openLab(), [halts(), failsWith('INTERNAL')]);
    await parked(handle);
    const pending = await acceptedOrder(handle, 'retry');
    await happened(handle, 'timerStartedEventAttributes');
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED', lastError: { code: 'INTERNAL' } });
    expect(await refusalOf(pending.result())).toMatchObject({ type: 'NOT_PARKED' });
    expect(shard.inputs).toHaveLength(2);
  });

  it('is answered with an error if a stop comes first', async () => {
    const { shard, handle } = await play(openLab(), [
      halts(),
      async (slice) => {
        await cancellation();
        return slice.result({ end: 'cancelled' });
      },
    ]);
    await parked(handle);
    const pending = await acceptedOrder(handle, 'skip');
    await begun(shard, 2);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED' });
    expect(await refusalOf(pending.result())).toMatchObject({
      type: 'NOT_PARKED',
      message: 'The shard was stopped before the order was carried out',
    });
    expect(await resultOf(handle)).toMatchObject({ phase: 'STOPPED' });
  });
});

describe('in the moment in which its time is over', () => {
  it('a skip is not taken for the retry that was due', async () => {
    const { lab, shard, handle } = await play(openLab(), [halts({ forMs: 2_000 }), carriesOut, readsUntilStopped]);
    await parked(handle);
    await lab.stopWorker();
    const answer = order(handle, 'skip');
    await happened(handle, 'timerFiredEventAttributes');
    await lab.startWorker({ processBatches: shard.processBatches });
    expect(await answer).toMatchObject({ phase: 'READING' });
    expect(shard.inputs[1]?.order).toMatchObject({ kind: 'skip', by: 'jane' });
    await stop(handle);
  });

  it('a stop counts', async () => {
    const { lab, shard, handle } = await play(openLab(), [halts({ forMs: 2_000 })]);
    await parked(handle);
    await lab.stopWorker();
    const stopped = stop(handle);
    await happened(handle, 'timerFiredEventAttributes');
    await lab.startWorker({ processBatches: shard.processBatches });
    expect(await stopped).toMatchObject({ phase: 'STOPPED', halt: { sequenceNumber: '1' } });
    expect(shard.inputs).toHaveLength(1);
  });
});

describe('an order is refused', () => {
  it('where nothing is parked', async () => {
    const { shard, handle } = await play(openLab(), [readsUntilStopped]);
    await begun(shard, 1);
    expect(await refusalOf(order(handle, 'retry'))).toMatchObject({ type: 'NOT_PARKED' });
    await stop(handle);
  });

  it('without a name, in another form, or for another record, and changes nothing', async () => {
    const { shard, handle } = await play(openLab(), [halts()]);
    const before = await parked(handle);
    const wrong: [ParkedRequest, string][] = [
      [{ by: '' }, 'INVALID_OPTION'],
      [null as never, 'INVALID_OPTION'],
      [{ ...JANE, sequenceNumber: '7' }, 'NOT_PARKED'],
    ];
    for (const [request, type] of wrong)
      expect(await refusalOf(order(handle, 'retry', request))).toMatchObject({ type });
    expect(await statusOf(handle)).toEqual(before);
    expect(shard.inputs).toHaveLength(1);
    await stop(handle);
  });

  it('while the shard is being stopped', async () => {
    const { opened, open } = gate();
    const { shard, handle } = await play(openLab(), [
      parksKey,
      async (slice) => {
        await opened;
        return readsUntilStopped(slice);
      },
    ]);
    await begun(shard, 2);
    const stopped = await acceptedStop(handle, REQUEST);
    expect(await refusalOf(order(handle, 'retry'))).toMatchObject({ message: 'The shard is being stopped' });
    open();
    expect(await stopped.result()).toMatchObject({ phase: 'STOPPED' });
  });
});
