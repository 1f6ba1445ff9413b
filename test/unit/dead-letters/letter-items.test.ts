import { randomBytes } from 'node:crypto';

import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { deadLetterSortKey } from '../../../src/core/names';
import { itemBytes } from '../../../src/checkpoints/item-bytes';
import { INLINE_BYTES, letterKey, MAX_ERRORS, PART_BYTES, toLetterItems } from '../../../src/dead-letters/letter-items';
import { toMarkUpdate } from '../../../src/dead-letters/letter-mark';
import { fromHeadItem } from '../../../src/dead-letters/letter-reader';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';
import { changeOf, failure, headOf, letterOf } from '../../support/dead-letter-store.contract';

const ITEM_LIMIT = 400 * 1_024;
const shard = shardOf(newStream('flights'));

function headItem(change: Parameters<typeof letterOf>[1] = {}): Record<string, unknown> {
  return unmarshall(toLetterItems(letterOf(shard, change), 'table').head.Put?.Item ?? {});
}

describe('the items of a dead letter', () => {
  it('have the names of a failure record of AWS Lambda', () => {
    expect(headItem({ expiresAtMs: 1_767_300_000_001 })).toEqual({
      pk: `shard#contract#${shard.streamArn}#${shard.createdAtMs}#${shard.shardId}`,
      sk: expect.stringMatching(/^dead#0{72}4967\d+#00000000$/),
      schema: 1,
      version: '1.0',
      timestamp: '2026-01-01T00:01:40.123Z',
      requestContext: {
        requestId: 'run-1',
        functionArn: 'tidemark/contract/flights@1/shardId-000000000000',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 5,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: '49671246667567228643283430150187087032206582658500001794',
        endSequenceNumber: '49671246667567228643283430150187087032206582658500001794',
        approximateArrivalOfFirstRecord: '2026-01-01T00:01:39.001Z',
        approximateArrivalOfLastRecord: '2026-01-01T00:01:39.001Z',
        batchSize: 1,
        streamArn: shard.streamArn,
      },
      consumer: 'contract',
      streamCreatedAt: '2026-01-01T00:00:00.123Z',
      partitionKey: 'LH 454',
      status: 'OPEN',
      errorCode: 'HANDLER_FAILED',
      errors: [{ ...failure(), atMs: undefined, at: '2026-01-01T00:01:40.123Z' }].map(({ atMs: _, ...error }) => error),
      bytes: 19,
      payload: expect.anything(),
      letterVersion: 1,
      expiresAt: 1_767_300_001,
    });
  });

  it('are the same bytes for the same letter, and expire together', () => {
    const letter = letterOf(shard, { data: randomBytes(500_000), expiresAtMs: 5_000 });
    const items = toLetterItems(letter, 'table');
    expect(toLetterItems({ ...letter, data: Buffer.from(letter.data) }, 'table')).toEqual(items);
    const all = [items.head.Put?.Item, ...items.parts.map(({ Item }) => Item)];
    expect(all.map((item) => item?.expiresAt)).toEqual([{ N: '5' }, { N: '5' }, { N: '5' }]);
  });

  it('keep within the limits of DynamoDB, whatever the letter', () => {
    const errors = Array.from({ length: 200 }, (_, index) =>
      failure({ message: '\u{1F4A5}'.repeat(50_000), runId: `run-${index}`, workflowId: 'w'.repeat(1_000) }),
    );
    const worst = { errors, partitionKey: '\u{1F4A5}'.repeat(128), reason: '\u{1F4A5}'.repeat(50_000) };
    const inline = toLetterItems(letterOf(shard, { ...worst, data: randomBytes(INLINE_BYTES) }), 'table');
    expect(inline.parts).toEqual([]);
    expect(itemBytes(inline.head.Put?.Item ?? {})).toBeLessThan(ITEM_LIMIT);
    const large = toLetterItems(letterOf(shard, { ...worst, data: randomBytes(PART_BYTES * 2 + 1) }), 'table');
    expect(large.parts).toHaveLength(3);
    for (const { Item } of large.parts) expect(itemBytes(Item ?? {})).toBeLessThan(ITEM_LIMIT);
  });

  it('keep the first error and the latest ones', () => {
    const errors = Array.from({ length: MAX_ERRORS + 4 }, (_, index) => failure({ attempts: index }));
    const kept = headItem({ errors }).errors as { attempts: number }[];
    expect(kept.map(({ attempts }) => attempts)).toEqual([0, ...errors.slice(5).map(({ attempts }) => attempts)]);
  });

  it('sort as their records', () => {
    const position = fc.record({ sequence: fc.bigInt({ min: 0n, max: 10n ** 60n }), sub: fc.nat(99_999_999) });
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [left, right] = [a, b].map(({ sequence, sub }) => deadLetterSortKey(String(sequence), sub)) as [
          string,
          string,
        ];
        const order = a.sequence < b.sequence ? -1 : a.sequence > b.sequence ? 1 : Math.sign(a.sub - b.sub);
        expect(left < right ? -1 : left > right ? 1 : 0).toBe(order);
      }),
    );
  });
});

describe('a mark', () => {
  it('has the same bytes whenever it is sent', () => {
    const mark = { letter: headOf(letterOf(shard)), change: changeOf({ addError: failure() }) };
    expect(toMarkUpdate('table', mark)).toEqual(toMarkUpdate('table', { ...mark, letter: { ...mark.letter } }));
  });
});

describe('reading a letter', () => {
  const key = letterKey(letterOf(shard));
  const read = (item: Record<string, unknown>) => fromHeadItem(item, shard, key);

  it('ignores what it does not know, and keeps an error code of a newer version', () => {
    const item = headItem();
    const errors = [{ ...(item.errors as object[])[0], code: 'CODE_OF_TOMORROW', colour: 'red' }];
    expect(read({ ...item, errors, colour: 'red' }).errors[0]?.code).toBe('CODE_OF_TOMORROW');
  });

  it.each([
    ['schema', { schema: 2 }],
    ['status', { status: 'LOST' }],
    ['requestContext.condition', { requestContext: { condition: 'Unheard' } }],
    ['requestContext', { requestContext: 'text' }],
    ['errors', { errors: 'none' }],
    ['errors[0]', { errors: ['text'] }],
    ['errors[0].code', { errors: [{}] }],
    ['KinesisBatchInfo.startSequenceNumber', { KinesisBatchInfo: { startSequenceNumber: 'x' } }],
    ['letterVersion', { letterVersion: -1 }],
    ['timestamp', { timestamp: 'yesterday' }],
  ])('names what is damaged: %s', (name, damage) => {
    let error: unknown;
    try {
      read({ ...headItem(), ...damage });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: 'CHECKPOINT_DAMAGED',
      context: key,
      message: expect.stringMatching(
        new RegExp(`attribute ${name.replace(/[.[\]]/g, '\\$&')} .*repair or delete it`, 's'),
      ),
    });
  });
});

describe('the size of an item', () => {
  it('counts names and values of every kind', () => {
    const bytes = itemBytes(marshall({ text: 'äb', list: ['a', { x: true }], set: new Set(['abc']), none: null }));
    expect(bytes).toBe(4 + 3 + (4 + 3 + 2 + 1 + (3 + 1 + 1 + 1)) + (3 + 3) + (4 + 1));
    expect(itemBytes({ data: { B: Buffer.alloc(10) }, n: { N: '1' } })).toBe(4 + 10 + 1 + 21);
  });
});
