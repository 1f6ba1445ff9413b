import fc from 'fast-check';

import { ApplicationFailure } from '@temporalio/activity';
import { comparePositions, describePosition, type Position } from '../../../src/core/positions';
import { foldHandlerFailure, foldSlice } from '../../../src/core/shard-state';
import type { HandlerFailure } from '../../../src/core/shard-work';
import { RecordRejectedError } from '../../../src/handler/record-rejected-error';
import type { KinesisRecord } from '../../../src/handler/record';
import { eventually } from '../../support/eventually';
import { bytesField, aggregateOf, sealed } from '../../support/kpl/messages';
import { SHARD, SliceScene } from './support/slice-scene';

const ONE_TRY = { onFailure: { maxAttempts: 1, minBackoffMs: 0 } } as const;

let scene: SliceScene;

async function open(options: Parameters<typeof SliceScene.open>[0] = {}): Promise<void> {
  scene = await SliceScene.open({ historyIntervalMs: 60_000, ...options });
}

afterEach(() => scene.close());

/** A record of Kinesis: a text as it is, several as an aggregate; each text is its own partition key. */
function put(...records: (string | readonly string[])[]): void {
  for (const content of records)
    scene.server.put(
      'flights',
      'key',
      typeof content === 'string' ? content : aggregateOf(content.map((text) => ({ key: text, data: text }))),
      { shardId: SHARD },
    );
}

/** Slice after slice, as the workflow would, to the shard's end. */
async function toTheEnd(): Promise<void> {
  const children = scene.server.split('flights', SHARD);
  expect(children).toHaveLength(2);
  for (let slices = 0; slices < 300; slices += 1) {
    const slice = scene.begin();
    try {
      const result = await slice.done;
      scene.state = foldSlice(scene.state, result);
      if (result.end === 'shardEnd') return;
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'HANDLER_FAILED') throw error;
      scene.state = foldHandlerFailure(scene.state, error.details?.[0] as HandlerFailure);
    }
  }
  throw new Error('The shard does not end');
}

function committed(): string[] {
  const numbers = scene.sequenceNumbers();
  const short = (position: Position): string => {
    const text = describePosition(position);
    return numbers.reduce((before, number, index) => before.replace(number, `#${index}`), text);
  };
  return scene.store.writes.map(({ next }) => short(next.position)).filter((text, at, all) => text !== all[at - 1]);
}

const nameOf = ({ sequenceNumber, subSequenceNumber }: KinesisRecord): string =>
  `#${scene.sequenceNumbers().indexOf(sequenceNumber)}${subSequenceNumber === undefined ? '' : `.${subSequenceNumber}`}`;

describe('aggregates in a slice', () => {
  it('are handed over as their user records; the position after them is that of the whole record', async () => {
    await open();
    const given: unknown[] = [];
    scene.handler = ({ records }) => void given.push(...records.map((record) => [nameOf(record), record.partitionKey]));
    put('a', ['b', 'c'], 'd');
    await toTheEnd();
    expect(scene.handled.flat()).toEqual(['a', 'b', 'c', 'd']);
    expect(given).toEqual([
      ['#0', 'key'],
      ['#1.0', 'b'],
      ['#1.1', 'c'],
      ['#2', 'key'],
    ]);
    expect(committed().slice(1)).toEqual(['AFTER #2', 'SHARD_END']);
    expect(scene.store.rowOf(scene.shard).totals).toEqual({ records: 4, bytes: 4, batches: 1 });
  });

  it('are not divided by the limits of a batch', async () => {
    await open({ maxBatchRecords: 2 });
    put('a', ['b', 'c', 'd'], ['e'], 'f');
    await toTheEnd();
    expect(scene.handled).toEqual([['a'], ['b', 'c', 'd'], ['e', 'f']]);
    expect(committed().slice(1)).toEqual(['AFTER #0', 'AFTER #1', 'AFTER #3', 'SHARD_END']);
  });

  it('stay as they are where they are not to be opened', async () => {
    await open({ openAggregates: false });
    put(['b', 'c']);
    await toTheEnd();
    expect(scene.handled[0]?.[0]).toContain('b');
    expect(scene.handled.flat()).toHaveLength(1);
  });

  it('are cut to find a user record that fails, which alone is set aside', async () => {
    await open(ONE_TRY);
    put('a', ['b', 'c', 'poison', 'd', 'e'], 'f');
    scene.handler = ({ records }) => {
      if (records.some((record) => record.text() === 'poison')) throw new Error('no');
    };
    await toTheEnd();
    const [letter, ...others] = await scene.deadLetters();
    expect(others).toEqual([]);
    const sequenceNumber = scene.sequenceNumbers()[1];
    expect(letter).toMatchObject({ sequenceNumber, subSequenceNumber: 2, text: 'poison', partitionKey: 'poison' });
    const steps = committed();
    expect(steps).toContain('AFTER #1.2');
    expect(steps.at(-2)).toBe('AFTER #2');
    const final = scene.handled.filter((batch) => !batch.includes('poison')).flat();
    expect(final).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    const event = scene.state.recentEvents?.find(({ kind }) => kind === 'deadLettered');
    expect(event).toMatchObject({ sequenceNumber: `${sequenceNumber}.2` });
  });

  it('are read on behind what was committed of them', async () => {
    await open({ ...ONE_TRY, historyIntervalMs: 0 });
    put(['a', 'b', 'poison', 'c'], 'd');
    let isBroken = true;
    scene.handler = ({ records }) => {
      const texts = records.map((record) => record.text());
      if (isBroken && texts.includes('poison') && texts.length > 1) throw new Error('no');
      if (isBroken && texts.includes('poison')) throw new RecordRejectedError('never');
    };
    scene.store.beforeWrite = ({ next: { position } }) => {
      if (position.at === 'AFTER' && position.subSequenceNumber === 2) isBroken = false;
      // What comes next knows nothing of what was read.
      scene.deploy(scene.options);
    };
    await toTheEnd();
    const at = scene.server.requests.list('GetShardIterator');
    expect(JSON.stringify(at)).toContain('AT_SEQUENCE_NUMBER');
    const good = scene.handled.filter((batch) => !batch.includes('poison')).flat();
    expect(good).toEqual(['a', 'b', 'c', 'd']);
    expect((await scene.deadLetters()).map(({ text, condition }) => [text, condition])).toEqual([
      ['poison', 'RecordRejected'],
    ]);
  });

  it('park a shard at one user record, by its name', async () => {
    await open({ onFailure: { ...ONE_TRY.onFailure, then: 'park' } });
    put(['a', 'poison', 'b']);
    scene.handler = ({ records }) => {
      const bad = records.find((record) => record.text() === 'poison');
      if (bad) throw new RecordRejectedError('never', { record: bad });
    };
    const name = `${scene.sequenceNumbers()[0]}.1`;
    const failure = await scene.fail(scene.begin());
    expect(failure.halt).toMatchObject({ how: 'park', sequenceNumber: name });
    expect(failure.streak).toMatchObject({ through: name, phase: 'final' });
    scene.order('skip', { reason: 'broken' });
    await toTheEnd();
    expect(scene.handled.at(-1)).toEqual(['b']);
    expect(await scene.deadLetters()).toMatchObject([{ status: 'DISCARDED', subSequenceNumber: 1 }]);
  });
});

describe('user records of other shards', () => {
  it('are left out, counted once they are passed, and told of', async () => {
    scene = await SliceScene.open({ historyIntervalMs: 60_000 }, { at: 'TRIM_HORIZON' }, 2);
    put(['c', 'b', 'b'], ['b'], 'b', ['b', 'b']);
    const slice = scene.begin();
    await eventually(() => committed().at(-1) === 'AFTER #3');
    slice.cancel({ workerShutdown: true });
    const { events } = await scene.end(slice);
    expect(scene.handled).toEqual([['c', 'b']]);
    expect(scene.store.rowOf(scene.shard).totals).toEqual({ records: 2, bytes: 2, batches: 1, leftOut: 5 });
    expect(events.filter(({ kind }) => kind === 'leftOut')).toMatchObject([{ records: 5 }]);
    expect(slice.logged.map(({ message }) => message)).toContain(
      'Aggregates hold user records whose hash keys are those of other shards: they are left out here',
    );
  });

  it('count at the end of the shard, too', async () => {
    scene = await SliceScene.open({ historyIntervalMs: 60_000 }, { at: 'TRIM_HORIZON' }, 2);
    put(['b']);
    await toTheEnd();
    expect(scene.handled).toEqual([]);
    expect(scene.store.rowOf(scene.shard)).toMatchObject({ position: { at: 'SHARD_END' }, totals: { leftOut: 1 } });
  });

  it('wait for the range of the shard, if Kinesis does not tell it at once', async () => {
    scene = await SliceScene.open({ historyIntervalMs: 60_000 }, { at: 'TRIM_HORIZON' }, 2);
    put(['b', 'c']);
    const fault = scene.server.faults.add({ operation: 'ListShards', action: { error: 'LimitExceededException' } });
    const slice = scene.begin();
    await eventually(() => scene.server.requests.count('ListShards') > 1, { timeoutMs: 60_000 });
    expect(scene.handled).toEqual([]);
    fault.remove();
    await eventually(() => scene.handled.length > 0, { timeoutMs: 60_000 });
    expect(scene.handled).toEqual([['c']]);
    slice.cancel({ workerShutdown: true });
    await scene.end(slice);
  });
});

describe('an aggregate of which nothing is left', () => {
  it('is committed by itself where nothing follows it, and not read for ever', async () => {
    await open();
    put('a');
    scene.server.put('flights', 'key', sealed(bytesField(1, 'nobody')), { shardId: SHARD });
    const slice = scene.begin();
    await eventually(() => committed().at(-1) === 'AFTER #1');
    const row = scene.store.rowOf(scene.shard);
    expect(row.totals).toEqual({ records: 1, bytes: 1, batches: 1 });
    slice.cancel({ workerShutdown: true });
    await scene.end(slice);
    expect(scene.handled).toEqual([['a']]);
  });

  it('does not keep the shard from its end', async () => {
    await open();
    scene.server.put('flights', 'key', sealed(bytesField(1, 'nobody')), { shardId: SHARD });
    await toTheEnd();
    expect(committed().at(-1)).toBe('SHARD_END');
    expect(scene.handled).toEqual([]);
  });
});

describe('whatever the limits, the aggregates and the failures are', () => {
  interface Plan {
    readonly sizes: readonly number[];
    readonly maxBatchRecords: number;
    readonly bad: readonly number[];
    readonly handler: 'throws' | 'names' | 'rejects';
    readonly interval: number;
    readonly maxAttempts: number;
  }

  const plans: fc.Arbitrary<Plan> = fc.record({
    sizes: fc.array(fc.nat(7), { minLength: 1, maxLength: 8 }),
    maxBatchRecords: fc.integer({ min: 1, max: 12 }),
    bad: fc.array(fc.nat(40), { maxLength: 4 }),
    handler: fc.constantFrom('throws', 'names', 'rejects'),
    interval: fc.constantFrom(0, 60_000),
    maxAttempts: fc.integer({ min: 1, max: 2 }),
  });

  it('each user record is handled or set aside, none is skipped, and the position never goes back', async () => {
    await open();
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        await scene.close();
        await open({
          maxBatchRecords: plan.maxBatchRecords,
          historyIntervalMs: plan.interval,
          onFailure: { maxAttempts: plan.maxAttempts, minBackoffMs: 0 },
        });
        await play(plan);
      }),
      { numRuns: 20 },
    );
  }, 120_000);

  async function play({ sizes, bad, handler }: Plan): Promise<void> {
    let count = 0;
    const next = (): string => `${(count += 1)}`;
    put(...sizes.map((size) => (size === 0 ? next() : Array.from({ length: size }, next))));
    const isBad = (record: KinesisRecord): boolean => bad.includes(Number(record.text()));
    const done = new Set<string>();
    scene.handler = ({ records }) => {
      const failing = records.filter(isBad);
      const [first] = failing;
      if (first && handler === 'throws') throw new Error('no');
      if (first && handler === 'rejects') throw new RecordRejectedError('never', { record: first });
      for (const record of records) if (!failing.includes(record)) done.add(record.text());
      return { failures: failing.map((record) => ({ record, reason: 'no' })) };
    };
    await toTheEnd();
    const letters = (await scene.deadLetters()).map(({ text }) => text);
    const all = Array.from({ length: count }, (_, index) => String(index + 1));
    expect(all.filter((text) => !done.has(text) && !letters.includes(text))).toEqual([]);
    expect(letters.toSorted()).toEqual(all.filter((text) => bad.includes(Number(text))).toSorted());
    const positions = scene.store.writes.map(({ next: { position } }) => position);
    const back = positions.filter(
      (position, at) => at > 0 && comparePositions(position, positions[at - 1] ?? position) < 0,
    );
    expect(back).toEqual([]);
    expect(scene.store.rowOf(scene.shard).totals.records).toBe(count);
  }
});
