import type { Effect } from '../../../src/checkpoints/checkpoint-store';
import type { KinesisRecord } from '../../../src';
import type { ConsumerOptions } from '../../../src/core/options';
import { SliceScene } from './support/slice-scene';

let scene: SliceScene;

async function open(more: Partial<ConsumerOptions> = {}): Promise<void> {
  scene = await SliceScene.open({ maxBatchRecords: 500, historyIntervalMs: 0, ...more });
}

afterEach(() => scene.close());

/** An effect on an item of its own. */
const effectOf = (record: KinesisRecord, name = record.text()): Effect => ({
  Update: {
    TableName: 'sums',
    Key: { pk: { S: name } },
    UpdateExpression: 'ADD n :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  },
});

/** Items that effects were written on, in order. */
const written = (): string[] => scene.letters.effects.map(({ Update }) => Update?.Key?.pk?.S ?? '?');

async function runThrough(): Promise<void> {
  const last = scene.sequenceNumbers().at(-1);
  for (let slices = 0; slices < 50; slices += 1) {
    const row = [...scene.store.rows.values()][0];
    if (row?.position.at === 'AFTER' && row.position.sequenceNumber === last) return;
    scene.deploy(scene.options);
    await scene.run();
  }
  throw new Error('The shard does not get through');
}

describe('effects that a handler returns', () => {
  it('are written with the checkpoint of their batch', async () => {
    await open();
    scene.put('a', 'b');
    scene.handler = ({ records }) => ({ transact: records.map((record) => effectOf(record)) });
    await scene.run();
    expect(written()).toEqual(['a', 'b']);
    expect(scene.store.writes.at(-1)).toMatchObject({
      next: { position: { sequenceNumber: scene.sequenceNumbers()[1] } },
    });
    expect(scene.store.writes.at(-1)?.effects).toHaveLength(2);
  });

  it('are cut to fit a transaction: the handler runs again on fewer records, and each effect is written once', async () => {
    await open();
    const names = Array.from({ length: 250 }, (_, index) => `item-${index}`);
    scene.put(...names);
    scene.handler = ({ records }) => ({ transact: records.map((record) => effectOf(record)) });
    await runThrough();
    expect(written()).toEqual(names);
  });

  it('are cut where two are on one item', async () => {
    await open();
    scene.put('a', 'b', 'a', 'c');
    scene.handler = ({ records }) => ({ transact: records.map((record) => effectOf(record)) });
    await runThrough();
    expect(written()).toEqual(['a', 'b', 'a', 'c']);
  });

  it('of one record that do not fit make a dead letter of it, with a clear reason', async () => {
    await open({ errorDetail: 'message' });
    scene.put('a', 'big', 'c');
    scene.handler = ({ records }) => ({
      transact: records.flatMap((record) =>
        record.text() === 'big'
          ? Array.from({ length: 100 }, (_, index) => effectOf(record, `big-${index}`))
          : [effectOf(record)],
      ),
    });
    await runThrough();
    expect(written()).toEqual(['a', 'c']);
    const [letter] = await scene.deadLetters();
    expect(letter).toMatchObject({ text: 'big', errors: [{ code: 'TRANSACTION_TOO_LARGE' }] });
    expect(letter?.errors[0]?.message).toContain('100 effects; with its checkpoint a transaction may have 99');
  });

  it('share their transaction with the dead letters of their batch', async () => {
    await open();
    scene.handler = ({ records }) => ({ transact: records.map((record) => effectOf(record)) });
    scene.filter = (record) => {
      if (record.text() === 'bad') throw new Error('no');
      return true;
    };
    scene.deploy(scene.options);
    scene.put('a', 'bad', 'c');
    await scene.run();
    expect(written()).toEqual(['a', 'c']);
    expect(await scene.deadLetters()).toMatchObject([{ text: 'bad', errors: [{ code: 'FILTER_FAILED' }] }]);
    expect(scene.store.writes.map(({ effects = [] }) => effects.length)).toEqual([0, 3]);
  });

  it('are not to blame for the letters of a parked key beside them: the span is shortened', async () => {
    await open({ onFailure: { maxAttempts: 3, then: 'park', parkBy: 'partitionKey' } });
    const put = (...payloads: string[]): void =>
      void scene.server.putMany(
        'flights',
        payloads.map((data) => ({ partitionKey: data.slice(0, 1), data })),
      );
    scene.handler = ({ records }) => ({
      failures: records.map((record) => ({ record, reason: 'no', retryable: false })),
    });
    put('a0');
    await scene.run();
    scene.handler = ({ records }) => ({ transact: records.map((record) => effectOf(record)) });
    put('b1', ...Array.from({ length: 99 }, (_, index) => `a${index + 1}`));
    await runThrough();
    expect(written()).toEqual(['b1']);
    const letters = await scene.deadLetters();
    expect(letters).toHaveLength(100);
    expect(letters.filter(({ text, status }) => text === 'b1' || status !== 'PARKED')).toEqual([]);
  });

  it('never go beyond the checkpoint where a record halts the shard', async () => {
    await open({ onFailure: { then: 'park' } });
    scene.handler = ({ records }) => ({ transact: records.map((record) => effectOf(record)) });
    scene.filter = (record) => {
      if (record.text() === 'bad') throw new Error('no');
      return true;
    };
    scene.deploy({ ...scene.options, historyIntervalMs: 60_000 });
    scene.put('a', 'bad', 'c');
    expect((await scene.fail(scene.begin())).halt).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[1] });
    expect(written()).toEqual(['a']);
    expect(scene.store.rowOf(scene.shard).position).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[0] });
  });

  it('that are refused fail the batch; nothing of it is written', async () => {
    await open({ onFailure: { maxAttempts: 1 } });
    scene.put('a', 'b');
    const apply = scene.store.applyEffects;
    const refused = { kind: 'effectsRefused', code: 'EFFECT_REFUSED', message: 'effect 1 of 1 was refused' } as const;
    scene.store.applyEffects = (effects) =>
      effects.some(({ Update }) => Update?.Key?.pk?.S === 'b') ? refused : apply(effects);
    scene.handler = ({ records }) => ({ transact: records.map((record) => effectOf(record)) });
    expect((await scene.fail(scene.begin())).error).toMatchObject({ code: 'EFFECT_REFUSED' });
    expect(written()).toEqual([]);
    await runThrough();
    expect(written()).toEqual(['a']);
    expect(await scene.deadLetters()).toMatchObject([{ text: 'b', errors: [{ code: 'EFFECT_REFUSED' }] }]);
  });
});
