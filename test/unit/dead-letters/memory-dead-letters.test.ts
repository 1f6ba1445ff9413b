import { letterKey, partKey } from '../../../src/dead-letters/letter-items';
import { MemoryDeadLetterStore } from '../../../src/dead-letters/memory-dead-letters';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';
import { describeDeadLetterStore, letterOf, write } from '../../support/dead-letter-store.contract';

function open() {
  const letters = new MemoryDeadLetterStore();
  return {
    letters,
    transact: async (items: Parameters<MemoryDeadLetterStore['apply']>[0]) => {
      if (!letters.apply(items)) throw new Error('refused');
    },
    deletePart: async (key: Parameters<typeof partKey>[0], part: number) => {
      const { pk, sk } = partKey(key, part);
      letters.items.get(pk)?.delete(sk);
    },
  };
}

describeDeadLetterStore('MemoryDeadLetterStore', open);

describe('MemoryDeadLetterStore', () => {
  it('keeps effects on other tables apart from letters, and none of a transaction that is refused', async () => {
    const store = open();
    const letter = await write(store, letterOf(shardOf(newStream())));
    const effect = { Put: { TableName: 'sums', Item: { key: { S: 'a' } } } };
    const other = { Update: { TableName: 'sums', Key: { key: { S: 'b' } }, UpdateExpression: 'ADD n :n' } };
    const change = { id: 'one', status: 'REDRIVEN', atMs: 1 } as const;
    expect(await store.letters.markAll([{ letter, change }], [effect, other])).toEqual({ kind: 'marked' });
    const stale = { letter, change: { ...change, id: 'two' } };
    expect(await store.letters.markAll([stale], [effect])).toEqual({ kind: 'conflict' });
    expect(store.letters.effects).toEqual([effect, other]);
  });

  it('names a letter that is damaged', async () => {
    const store = open();
    const letter = await write(store, letterOf(shardOf(newStream())));
    const { pk, sk } = letterKey(letter);
    const item = store.letters.items.get(pk)?.get(sk) ?? {};
    item.partitionKey = { N: '5' };
    await expect(store.letters.list(letter.shard, { limit: 1 })).rejects.toMatchObject({
      code: 'CHECKPOINT_DAMAGED',
      context: { pk, sk },
      message: expect.stringContaining('attribute partitionKey is not a string'),
    });
  });
});
