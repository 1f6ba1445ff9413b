import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import consumer from '../../../examples/dynamodb-counters/consumer';
import { Committer } from '../../../src/checkpoints/committer';
import { checkTransaction } from '../../../src/checkpoints/transaction-limits';
import { initialBelief } from '../../../src/core/commit-protocol';
import { TidemarkError } from '../../../src/core/errors';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { FACTS, PARENTS, SHARD, WORKFLOW_ID } from '../../support/protocol/fixture';
import { WatchedStore } from '../activities/support/watched-store';
import { deliver } from './deliveries';

jest.mock('tidemark', () => jest.requireActual<object>('../../../src'), { virtual: true });

const flights = [
  { origin: 'ORD', delay: 61 },
  { origin: 'JFK', delay: -5 },
  { origin: 'ORD', delay: 100 },
];

/** The table of counters, in the transaction of the checkpoint: DynamoDB's `ADD` of numbers. */
class Counters {
  readonly sums: Record<string, { flights: number; minutes: number }> = {};
  readonly store = new WatchedStore();

  constructor() {
    this.store.applyEffects = (effects) => {
      for (const effect of effects) this.apply(effect);
      return undefined;
    };
  }

  private apply({ Update }: TransactWriteItem): void {
    expect(Update?.UpdateExpression).toBe('ADD flights :flights, minutes :minutes');
    const { Key, ExpressionAttributeValues: values } = Update ?? {};
    const sum = (this.sums[Key?.airport?.S ?? ''] ??= { flights: 0, minutes: 0 });
    sum.flights += Number(values?.[':flights']?.N);
    sum.minutes += Number(values?.[':minutes']?.N);
  }
}

/** A worker that has the shard. Each one that takes it over has a larger fence. */
async function takeOver(store: WatchedStore, runId: string) {
  const committer = new Committer(
    {
      store,
      mintToken: () => `${runId}/${store.writes.length}`,
      random: () => 0,
      sleep: async () => undefined,
      assertOwner: () => undefined,
    },
    {
      shard: SHARD,
      writer: { runId, activityId: '1', activitySeq: 1, attempt: 1 },
      workflowId: WORKFLOW_ID,
      parentShardIds: PARENTS,
    },
  );
  const acquired = await committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
  if (acquired.kind !== 'owned') throw new Error('The shard was not taken over');
  const { fence = 0, position } = acquired.checkpoint;
  return {
    fence,
    position,
    handle: () => deliver(consumer, flights, { fence }),
    commit: (transact: readonly TransactWriteItem[] = []) =>
      committer.commit({ at: 'AFTER', sequenceNumber: '2' }, FACTS, transact),
  };
}

const SUMS = { ORD: { flights: 2, minutes: 161 }, JFK: { flights: 1, minutes: -5 } };

it('hands over one write per airport, which fit a transaction', async () => {
  const { transact } = await deliver(consumer, flights);
  expect(transact).toHaveLength(2);
  expect(checkTransaction(transact ?? [])).toBeUndefined();
});

it('counts once what is handled twice: the writes of a worker that has died are nowhere', async () => {
  const { store, sums } = new Counters();
  await (await takeOver(store, 'dies')).handle();
  const next = await takeOver(store, 'next');
  expect(await next.commit((await next.handle()).transact)).toBe('committed');
  expect(sums).toEqual(SUMS);
});

it('counts nothing for a worker that has lost the shard: its fence is older', async () => {
  const { store, sums } = new Counters();
  const frozen = await takeOver(store, 'frozen');
  const { transact } = await frozen.handle();
  const next = await takeOver(store, 'next');
  expect(next.fence).toBeGreaterThan(frozen.fence);
  await next.commit((await next.handle()).transact);
  expect(await frozen.commit(transact)).toBe('fenced');
  expect(sums).toEqual(SUMS);
});

it('counts once where the answer to the transaction was lost', async () => {
  const { store, sums } = new Counters();
  const worker = await takeOver(store, 'worker');
  let losses = 1;
  store.afterWrite = () => {
    if ((losses -= 1) >= 0) throw new TidemarkError('DYNAMODB_UNAVAILABLE', 'No answer');
  };
  expect(await worker.commit((await worker.handle()).transact)).toBe('committed');
  expect(sums).toEqual(SUMS);
  expect((await takeOver(store, 'next')).position).toEqual({ at: 'AFTER', sequenceNumber: '2' });
});
