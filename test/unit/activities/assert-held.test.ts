import { assertHeld } from '../../../src/activities/assert-held';
import type { SliceListener } from '../../../src/activities/kept-sources';
import type { CheckpointRow, Writer } from '../../../src/core/checkpoint';

const SHARD = { consumer: 'c', streamName: 's', streamArn: 'arn', createdAtMs: 1, shardId: 'shard' };

const writer = (activityId: string): Writer => ({ runId: 'run', activityId, activitySeq: 1, attempt: 1 });

const holding = (token: string): SliceListener['hold'] => ({
  checkpoint: { position: { at: 'TRIM_HORIZON' }, generation: 0, token },
  writer: writer('mine'),
});

const rowWith = (token: string, by: string): CheckpointRow =>
  ({ token, writer: writer(by), position: { at: 'TRIM_HORIZON' }, generation: 0 }) as CheckpointRow;

function ask(row: CheckpointRow | undefined, listener: Pick<SliceListener, 'hold' | 'isKept'>): Promise<void> {
  return assertHeld({ read: async () => row }, listener, SHARD);
}

it.each<[string, CheckpointRow | undefined]>([
  ['has the token that it holds', rowWith('held', 'before')],
  ['has what it writes just now', rowWith('next', 'mine')],
  ['is not there', undefined],
])('a shard is held whose row %s', async (_, row) => {
  await expect(ask(row, { hold: holding('held') })).resolves.toBeUndefined();
});

it('a shard that another execution has written is not', async () => {
  await expect(ask(rowWith('next', 'other'), { hold: holding('held') })).rejects.toMatchObject({
    code: 'OWNERSHIP_EXPIRED',
  });
});

it('a shard stays held whose first commit is made while its row is read', async () => {
  const listener = { hold: holding('held') };
  const read = async (): Promise<CheckpointRow> => {
    listener.hold = holding('committed');
    return rowWith('held', 'before');
  };
  await expect(assertHeld({ read }, listener, SHARD)).resolves.toBeUndefined();
});

it('a subscription is not taken back while no slice uses it', async () => {
  const listener = { hold: holding('held'), isKept: true };
  await expect(ask(rowWith('held', 'before'), listener)).rejects.toMatchObject({ code: 'SUBSCRIPTION_TAKEN' });
});
