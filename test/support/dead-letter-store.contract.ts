import { randomBytes, randomUUID } from 'node:crypto';

import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { DeadLetter, DeadLetterError, DeadLetterHead, DeadLetterKey } from '../../src/core/dead-letter';
import type { ShardIdentity } from '../../src/core/names';
import type { DeadLetterStore, LetterChange } from '../../src/dead-letters/dead-letter-store';
import { newStream, shardOf } from './checkpoint-store.contract';

/** Sequence numbers as Kinesis makes them, and of different lengths: their order is that of numbers, not of text. */
export const SEQUENCE_NUMBERS = ['7', '12', '49671246667567228643283430150187087032206582658500001794'] as const;

const LETTER_TIME_MS = 1_767_225_700_123;

export function failure(change: Partial<DeadLetterError> = {}): DeadLetterError {
  return {
    code: 'HANDLER_FAILED',
    message: 'TypeError at handler.ts:3',
    attempts: 5,
    atMs: LETTER_TIME_MS,
    workflowId: 'tidemark/contract/flights@1/shardId-000000000000',
    runId: 'run-1',
    ...change,
  };
}

export function letterOf(shard: ShardIdentity, change: Partial<DeadLetter> = {}): DeadLetter {
  const data = change.data ?? Buffer.from('{"flight":"LH 454"}');
  return {
    shard,
    sequenceNumber: SEQUENCE_NUMBERS[2],
    partitionKey: 'LH 454',
    arrivalMs: 1_767_225_699_001,
    bytes: data.byteLength,
    condition: 'RetryAttemptsExhausted',
    status: 'OPEN',
    errors: [failure()],
    writtenAtMs: LETTER_TIME_MS,
    version: 1,
    ...change,
    data,
  };
}

export function changeOf(change: Partial<LetterChange> = {}): LetterChange {
  return { id: randomUUID(), status: 'REDRIVEN', decidedBy: 'jane@laptop', atMs: LETTER_TIME_MS + 1_000, ...change };
}

export function headOf({ data: _data, ...head }: DeadLetter): DeadLetterHead {
  return head;
}

export interface OpenedStore {
  readonly letters: DeadLetterStore;
  /** Writes items as the transaction that moves a checkpoint does. */
  readonly transact: (items: TransactWriteItem[]) => Promise<void>;
  /** Deletes one item of the payload of a letter. */
  readonly deletePart: (key: DeadLetterKey, part: number) => Promise<void>;
}

/** What every store of dead letters must do, whatever it is made of. */
export function describeDeadLetterStore(name: string, open: () => Promise<OpenedStore> | OpenedStore): void {
  describe(`${name}: the contract of a dead-letter store`, () => {
    let store: OpenedStore;

    beforeAll(async () => {
      store = await open();
    });

    describeWriting(() => store);
    describeReading(() => store);
    describeMarks(() => store);
  });
}

export async function write({ letters, transact }: OpenedStore, letter: DeadLetter): Promise<DeadLetter> {
  await letters.putParts(letter);
  await transact([letters.headItem(letter)]);
  return letter;
}

function describeWriting(store: () => OpenedStore): void {
  it.each([
    { name: 'no bytes', bytes: 0 },
    { name: 'a few bytes', bytes: 19 },
    { name: 'as many as fit the head', bytes: 65_536 },
    { name: 'one more', bytes: 65_537 },
    { name: 'the largest record of Kinesis', bytes: 10 * 1_024 * 1_024 },
  ])('gives a letter back with its payload: $name', async ({ bytes }) => {
    const shard = shardOf(newStream());
    const letter = letterOf(shard, { data: randomBytes(bytes) });
    await write(store(), letter);
    const found = await store().letters.get(letter);
    expect(found && headOf(found)).toEqual(headOf(letter));
    expect(Buffer.compare(found?.data ?? Buffer.of(1), letter.data)).toBe(0);
  });

  it('gives everything back that is known of a letter', async () => {
    const letter = letterOf(shardOf(newStream()), {
      subSequenceNumber: 3,
      explicitHashKey: '340282366920938463463374607431768211455',
      condition: 'SkippedByOperator',
      status: 'DISCARDED',
      errors: [failure(), failure({ code: 'SCHEMA_INVALID', attempts: 1, runId: 'run-2' })],
      expiresAtMs: LETTER_TIME_MS + 86_400_877,
      decidedBy: 'jane@laptop',
      reason: 'test data',
      decidedAtMs: LETTER_TIME_MS + 5,
      redriveId: 'redrive-1',
      version: 7,
    });
    await write(store(), letter);
    expect(await store().letters.get(letter)).toEqual({ ...letter, expiresAtMs: 1_767_312_101_000 });
  });

  it('has no letter before the head is written, and none of another record', async () => {
    const shard = shardOf(newStream());
    const letter = letterOf(shard, { data: randomBytes(70_000) });
    await store().letters.putParts(letter);
    expect(await store().letters.get(letter)).toBeUndefined();
    expect(await store().letters.list(shard, { limit: 10 })).toEqual({ letters: [] });
    await write(store(), letter);
    expect(await store().letters.get({ ...letter, subSequenceNumber: 1 })).toBeUndefined();
    expect(await store().letters.get({ ...letter, shard: { ...shard, consumer: 'another' } })).toBeUndefined();
  });

  it('says which part of a payload is missing', async () => {
    const letter = await write(store(), letterOf(shardOf(newStream()), { data: randomBytes(800_000) }));
    await store().deletePart(letter, 1);
    await expect(store().letters.get(letter)).rejects.toMatchObject({
      code: 'CHECKPOINT_DAMAGED',
      message: expect.stringContaining('part 2 of 3 of its payload is missing'),
    });
  });
}

function describeReading(store: () => OpenedStore): void {
  it('lists letters in the order of their records, a page at a time, without payloads', async () => {
    const shard = shardOf(newStream());
    const written = [
      letterOf(shard, { sequenceNumber: SEQUENCE_NUMBERS[2], subSequenceNumber: 10 }),
      letterOf(shard, { sequenceNumber: SEQUENCE_NUMBERS[2], subSequenceNumber: 9 }),
      letterOf(shard, { sequenceNumber: SEQUENCE_NUMBERS[1], data: randomBytes(70_000) }),
      letterOf(shard, { sequenceNumber: SEQUENCE_NUMBERS[0] }),
    ];
    for (const letter of written) await write(store(), letter);
    const [last, third, second, first] = written.map(headOf);
    const page = await store().letters.list(shard, { limit: 2 });
    expect(page).toEqual({ letters: [first, second], after: { sequenceNumber: SEQUENCE_NUMBERS[1] } });
    expect(await store().letters.list(shard, { limit: 2, after: page.after })).toEqual({ letters: [third, last] });
    const behind = { sequenceNumber: SEQUENCE_NUMBERS[2], subSequenceNumber: 9 };
    expect(await store().letters.list(shard, { limit: 2, after: behind })).toEqual({ letters: [last] });
  });

  it('lists and counts those that were asked for', async () => {
    const shard = shardOf(newStream());
    const rejected = failure({ code: 'RECORD_REJECTED' });
    const at = (sequenceNumber: string, change: Partial<DeadLetter>): DeadLetter =>
      letterOf(shard, { sequenceNumber, ...change });
    for (const letter of [
      at('1', { writtenAtMs: 1_000 }),
      at('2', { writtenAtMs: 2_000, errors: [failure(), rejected] }),
      at('3', { writtenAtMs: 3_000, status: 'PARKED' }),
      at('4', { writtenAtMs: 4_000, status: 'DISCARDED', errors: [rejected] }),
    ])
      await write(store(), letter);
    const { letters } = store();
    const numbersOf = async (filter: object): Promise<string[]> =>
      (await letters.list(shard, { ...filter, limit: 10 })).letters.map(({ sequenceNumber }) => sequenceNumber);
    expect(await numbersOf({ status: 'OPEN' })).toEqual(['1', '2']);
    expect(await numbersOf({ code: 'RECORD_REJECTED' })).toEqual(['2', '4']);
    expect(await numbersOf({ fromMs: 2_000, toMs: 3_000 })).toEqual(['2', '3']);
    expect(await numbersOf({ fromMs: 2_000, code: 'RECORD_REJECTED', status: 'DISCARDED' })).toEqual(['4']);
    expect(await letters.count(shard, {})).toEqual({
      total: 4,
      byStatus: { OPEN: 2, PARKED: 1, DISCARDED: 1 },
      byCode: { HANDLER_FAILED: 2, RECORD_REJECTED: 2 },
    });
    expect(await letters.count(shard, { toMs: 1_000 })).toMatchObject({ total: 1, byStatus: { OPEN: 1 } });
    expect(await letters.count(shardOf(newStream()), {})).toEqual({ total: 0, byStatus: {}, byCode: {} });
  });

  it('lists across the pages of DynamoDB, those between which nothing fits among them', async () => {
    const shard = shardOf(newStream());
    const data = randomBytes(60_000);
    for (let index = 0; index < 40; index += 1)
      await write(
        store(),
        letterOf(shard, { sequenceNumber: String(index), data, status: index % 39 ? 'OPEN' : 'PARKED' }),
      );
    const page = await store().letters.list(shard, { status: 'PARKED', limit: 2 });
    expect(page.letters.map(({ sequenceNumber }) => sequenceNumber)).toEqual(['0', '39']);
    expect(page.after).toBeUndefined();
    expect(await store().letters.count(shard, {})).toMatchObject({ total: 40 });
  });
}

function describeMarks(store: () => OpenedStore): void {
  it('marks a letter, and tells who, when and why', async () => {
    const letter = await write(store(), letterOf(shardOf(newStream())));
    const change = changeOf({ reason: 'fixed in 1.2', redriveId: 'redrive-1' });
    const marked = {
      ...headOf(letter),
      status: 'REDRIVEN',
      decidedBy: 'jane@laptop',
      reason: 'fixed in 1.2',
      redriveId: 'redrive-1',
      decidedAtMs: change.atMs,
      version: 2,
    };
    expect(await store().letters.mark({ letter: headOf(letter), change })).toEqual({ kind: 'marked', letter: marked });
    expect(await store().letters.get(letter)).toEqual({ ...marked, data: letter.data });
  });

  it('adds an error, and forgets the reason of the change before', async () => {
    const letter = await write(store(), letterOf(shardOf(newStream()), { reason: 'old', decidedBy: 'somebody' }));
    const again = failure({ code: 'SCHEMA_INVALID', attempts: 1 });
    const change = changeOf({ status: 'OPEN', addError: again, decidedBy: undefined });
    await store().letters.mark({ letter, change });
    const found = await store().letters.get(letter);
    expect(found).toMatchObject({ status: 'OPEN', errors: [failure(), again], version: 2 });
    expect(found).not.toHaveProperty('reason');
    expect(found).not.toHaveProperty('decidedBy');
    expect(await store().letters.count(letter.shard, {})).toMatchObject({ byCode: { SCHEMA_INVALID: 1 } });
  });

  it('refuses the mark of a letter that was changed meanwhile, and shows it', async () => {
    const letter = await write(store(), letterOf(shardOf(newStream())));
    await store().letters.mark({ letter, change: changeOf({ status: 'DISCARDED' }) });
    const late = await store().letters.mark({ letter, change: changeOf() });
    expect(late).toMatchObject({ kind: 'conflict', letter: { status: 'DISCARDED', version: 2 } });
  });

  it('takes a mark that is sent twice for its own', async () => {
    const letter = await write(store(), letterOf(shardOf(newStream())));
    const mark = { letter, change: changeOf() };
    await store().letters.mark(mark);
    expect(await store().letters.mark(mark)).toMatchObject({ kind: 'marked', letter: { version: 2 } });
  });

  it('marks no letter that is not there', async () => {
    const letter = letterOf(shardOf(newStream()));
    expect(await store().letters.mark({ letter, change: changeOf() })).toEqual({ kind: 'conflict' });
    expect(await store().letters.get(letter)).toBeUndefined();
  });

  it('marks several letters in one transaction, or none', async () => {
    const shard = shardOf(newStream());
    const one = await write(store(), letterOf(shard, { sequenceNumber: '1' }));
    const two = await write(store(), letterOf(shard, { sequenceNumber: '2' }));
    const marks = [one, two].map((letter) => ({ letter, change: changeOf() }));
    expect(await store().letters.markAll(marks, [])).toEqual({ kind: 'marked' });
    expect(await store().letters.markAll(marks, [])).toEqual({ kind: 'marked' });
    const three = await write(store(), letterOf(shard, { sequenceNumber: '3' }));
    const stale = [three, one].map((letter) => ({ letter, change: changeOf({ status: 'DISCARDED' }) }));
    expect((await store().letters.markAll(stale, [])).kind).not.toBe('marked');
    expect(await store().letters.count(shard, {})).toMatchObject({ byStatus: { OPEN: 1, REDRIVEN: 2 } });
  });

  it('marks as a part of another transaction', async () => {
    const letter = await write(store(), letterOf(shardOf(newStream()), { status: 'PARKED' }));
    await store().transact([store().letters.markItem({ letter, change: changeOf() })]);
    expect(await store().letters.get(letter)).toMatchObject({ status: 'REDRIVEN', version: 2 });
  });
}
