import { useWorkflowEnv } from '../support/workflow-env';
import { JANE, order, parked, refusalOf } from './parked-scene';
import { begun, play, statusOf, stop } from './scene';
import { commits, losesRecords, readsUntilStopped } from './scripted-shard';

const openLab = useWorkflowEnv();

describe('a shard that stops at a loss of records', () => {
  it('waits for an operator, and goes on once the loss is accepted', async () => {
    const steps = [commits(2), losesRecords, commits(1), readsUntilStopped];
    const { shard, handle } = await play(openLab(), steps, { searchAttributes: true });
    expect(await parked(handle)).toMatchObject({
      position: { sequenceNumber: '2' },
      halt: { how: 'park', loss: { cause: 'retention' } },
      lastError: { code: 'DATA_LOST' },
    });
    expect(shard.inputs).toHaveLength(2);
    const refused = await refusalOf(order(handle, 'skip'));
    expect(refused).toMatchObject({
      type: 'NOT_PARKED',
      message: expect.stringContaining('accept the loss') as string,
    });
    const answer = await order(handle, 'skip', { ...JANE, acceptLoss: true });
    expect(answer).toMatchObject({ phase: 'READING' });
    expect(answer).not.toHaveProperty('halt');
    await begun(shard, 4);
    expect(shard.inputs[2]).toMatchObject({
      isLossAccepted: true,
      noted: [{ kind: 'lossAccepted', by: 'jane', reason: 'fixed' }],
    });
    expect(await statusOf(handle)).toMatchObject({ recentEvents: [{ kind: 'lossAccepted' }] });
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED' });
    expect(shard.problems).toEqual([]);
  });

  it('looks again at a retry, and stays where it is', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), losesRecords]);
    await parked(handle);
    expect(await order(handle, 'retry')).toMatchObject({ phase: 'PARKED', halt: { loss: {} } });
    expect(shard.inputs).toHaveLength(3);
    await stop(handle);
  });
});
