import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aggregate, defineConsumer, TidemarkClient, type ConsumerDefinition, type ListedShard } from '../../src';
import { eventually } from '../support/eventually';
import { CliScene } from '../support/cli/scene';
import { evenRanges, hashKeyOf, MAX_HASH_KEY } from '../support/scripted-kinesis/hash-keys';
import { stackEnv } from '../support/stack-env';
import { SOURCE } from '../support/source';

/** The servers and these processes share a machine with other tests. */
const PATIENCE = { timeoutMs: 90_000, intervalMs: 100 };

jest.setTimeout(240_000);

let scene: CliScene;
let client: TidemarkClient;
let file: string;
/** The same consumer, as this process sees it. */
let consumer: ConsumerDefinition;

beforeEach(async () => {
  scene = await CliScene.create();
  file = scene.consumer('delays', {
    more: 'onFailure: { maxAttempts: 1, minBackoffMs: 0 }, pollIntervalMs: 200, heartbeatTimeoutMs: 2000, shardSyncIntervalMs: 1000,',
    handler: `({ records }, { redrive }) => {
      const fs = require('node:fs');
      const isFixed = fs.existsSync(${JSON.stringify(join(scene.folder, 'fixed'))});
      if (!isFixed && records.some((record) => record.text() === 'poison')) throw new Error('planted');
      const lines = records.map((record) => [record.text(), record.partitionKey, record.shardId, record.subSequenceNumber, redrive].join(' '));
      fs.appendFileSync(${JSON.stringify(join(scene.folder, 'effects'))}, lines.map((line) => line + '\\n').join(''));
    }`,
  });
  const { temporalAddress, region, credentials, dynamodbEndpoint } = stackEnv();
  client = await TidemarkClient.connect({ address: temporalAddress });
  consumer = defineConsumer({
    ...SOURCE,
    name: 'delays',
    stream: scene.stream,
    tableName: scene.table,
    startFrom: 'TRIM_HORIZON',
    aws: { region, credentials, dynamodbEndpoint, kinesisEndpoint: scene.kinesis.endpoint },
    handler: () => undefined,
  });
});

afterEach(async () => {
  await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
  await client.close();
  await scene.close();
});

interface EffectLine {
  readonly text: string;
  readonly key: string;
  readonly shardId: string;
  readonly sub: string;
  readonly redrive: boolean;
}

function effects(): EffectLine[] {
  const path = join(scene.folder, 'effects');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  return lines.map((line) => {
    const [text = '', key = '', shardId = '', sub = '', redrive] = line.split(' ');
    return { text, key, shardId, sub, redrive: redrive === 'true' };
  });
}

/** Puts user records as one or more aggregates; returns the sequence numbers. */
function put(records: readonly { key: string; text: string }[], shards: number): string[] {
  const entries = aggregate(
    records.map(({ key, text }) => ({ partitionKey: key, data: text })),
    { shards: rangesOf(shards) },
  );
  return entries.map(
    ({ PartitionKey, ExplicitHashKey: explicitHashKey, Data }) =>
      scene.kinesis.put(scene.stream, PartitionKey, Data, { explicitHashKey }).sequenceNumber,
  );
}

function rangesOf(shards: number): ListedShard[] {
  return evenRanges(shards).map(({ start, end }) => ({
    HashKeyRange: { StartingHashKey: String(start), EndingHashKey: String(end) },
  }));
}

it('a worker is killed in the midst of an aggregate that is cut; its poison is set aside alone and redriven', async () => {
  scene.kinesis.createStream(scene.stream, 1);
  const texts = ['a', 'b', 'c', 'poison', 'e', 'f', 'g', 'h'];
  const [sequenceNumber = ''] = put(
    texts.map((text) => ({ key: `key-${text}`, text })),
    1,
  );
  // The first commit is that of the first user records, once the aggregate was cut to them.
  const killed = scene.spawn(['run', file, '--create-table'], { TIDEMARK_CRASH_POINT: 'committed' });
  expect(await killed.exited).toMatchObject({ signal: 'SIGKILL' });
  const early = effects().map(({ text }) => text);
  expect(texts.slice(0, early.length)).toEqual(early);
  expect([1, 2, 3]).toContain(early.length);
  const through = { at: 'AFTER', sequenceNumber, subSequenceNumber: early.length - 1 };
  scene.spawn(['run', file]);
  await eventually(() => effects().some(({ text }) => text === 'h'), { ...PATIENCE, what: 'the last user record' });
  put([{ key: 'key-z', text: 'z' }], 1);
  await eventually(() => effects().some(({ text }) => text === 'z'), { ...PATIENCE, what: 'what follows' });

  // What was committed before the process was killed is not handled again, though it is a part of one record.
  expect(effects().map(({ text }) => text)).toEqual([...texts.filter((text) => text !== 'poison'), 'z']);
  expect(effects().map(({ key, sub }) => `${key} ${sub}`)).toContain('key-h 7');
  const { letters } = await client.deadLetters.list(consumer);
  expect(letters).toMatchObject([{ sequenceNumber, subSequenceNumber: 3, partitionKey: 'key-poison', bytes: 6 }]);
  const history = await client.history(consumer, { shardId: 'shardId-000000000000' });
  expect(JSON.stringify(history)).toContain(`${sequenceNumber}.3`);
  expect(JSON.stringify(history)).toContain(JSON.stringify(through).slice(1, -1));

  const name = `${sequenceNumber}.3`;
  expect(await client.deadLetters.get(consumer, { sequenceNumber: name })).toMatchObject({ subSequenceNumber: 3 });
  const shown = await scene.run(['dead-letters', 'show', file, name]);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(name) });
  scene.file('fixed', '');
  const redriven = await scene.run(['dead-letters', 'redrive', file, '--yes', '--sequence', name]);
  expect(redriven).toMatchObject({ code: 0, stdout: expect.stringContaining('1 handled, 0 failed again') });
  expect(effects().at(-1)).toMatchObject({ text: 'poison', key: 'key-poison', sub: '3', redrive: true });
});

it('after a resharding each user record is handled by the shard that its key belongs to', async () => {
  scene.kinesis.createStream(scene.stream, 1);
  const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
  const before = keys.map((key) => ({ key, text: `before-${key}` }));
  const late = keys.map((key) => ({ key, text: `late-${key}` }));
  put(before, 1);
  scene.kinesis.split(scene.stream, 'shardId-000000000000');
  // A producer that does not know of the split puts all into one aggregate; it goes to one child, whole.
  put(late, 1);
  const isLow = (key: string): boolean => hashKeyOf(key) <= MAX_HASH_KEY / 2n;
  const goesLow = isLow(keys[0] ?? '');
  const strangers = late.filter(({ key }) => isLow(key) !== goesLow);
  // It learns from the answer where the aggregate went, and puts again what does not belong there.
  put(strangers, 2);

  scene.spawn(['run', file, '--create-table']);
  const all = [...before, ...late].map(({ text }) => text).toSorted();
  await eventually(() => effects().length >= all.length, { ...PATIENCE, what: 'all user records' });
  put([{ key: 'end', text: 'end' }], 2);
  await eventually(() => effects().some(({ text }) => text === 'end'), { ...PATIENCE, what: 'the end' });
  const handled = effects().filter(({ text }) => text !== 'end');
  expect(handled.map(({ text }) => text).toSorted()).toEqual(all);
  const ofChildren = handled.filter(({ text }) => text.startsWith('late'));
  const wrong = ofChildren.filter(({ key, shardId }) => shardId !== `shardId-00000000000${isLow(key) ? 1 : 2}`);
  expect(wrong).toEqual([]);
  const { shards } = await client.status(consumer);
  const leftOut = shards.map(({ totals }) => totals?.leftOut ?? 0).reduce((sum, count) => sum + count, 0);
  expect(leftOut).toBe(strangers.length);
});
