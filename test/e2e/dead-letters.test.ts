import { join } from 'node:path';
import { defineConsumer, TidemarkClient, type ConsumerDefinition } from '../../src';
import { eventually } from '../support/eventually';
import { CliScene } from '../support/cli/scene';
import { stackEnv } from '../support/stack-env';
import { SOURCE } from '../support/source';

/** The servers and these processes share a machine with other tests. */
const PATIENCE = { timeoutMs: 60_000, intervalMs: 100 };
const CLEAR_SCREEN = '\u001B[2J';
const LARGE = `bad ${'large '.repeat(20_000)}`;

jest.setTimeout(180_000);

let scene: CliScene;
let client: TidemarkClient;
let file: string;
/** The same consumer, as this process sees it. */
let consumer: ConsumerDefinition;

beforeAll(async () => {
  scene = await CliScene.create();
  scene.kinesis.createStream(scene.stream, 1);
  file = scene.consumer('delays', {
    more: 'onFailure: { maxAttempts: 1, minBackoffMs: 0 }, pollIntervalMs: 200,',
    handler: `({ records }, { redrive }) => {
      const isFixed = require('node:fs').existsSync(${JSON.stringify(join(scene.folder, 'fixed'))});
      const isBad = (record) => record.text().includes('bad');
      for (const record of records) if (isFixed || !isBad(record)) console.log('handled', redrive, record.text());
      return { failures: isFixed ? [] : records.filter(isBad).map((record) => ({ record, reason: new Error('planted') })) };
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

afterAll(async () => {
  await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
  await client.close();
  await scene.close();
});

it('dead letters are listed, shown, redriven and discarded', async () => {
  for (const [key, payload] of [
    ['a', 'good 1'],
    ['b', 'bad 1'],
    ['b', 'bad 2'],
    ['c', `bad ${CLEAR_SCREEN}`],
    ['d', LARGE],
    ['a', 'good 2'],
  ] as const)
    scene.kinesis.put(scene.stream, key, payload);
  const run = scene.spawn(['run', file, '--create-table']);
  await eventually(() => run.stdout().includes('handled false good 2'), { ...PATIENCE, what: 'the good ones' });
  const open = await eventually(
    async () => {
      const { letters } = await client.deadLetters.list(consumer, { status: 'OPEN' });
      return letters.length === 4 && letters.map(({ sequenceNumber }) => sequenceNumber);
    },
    { ...PATIENCE, what: 'four dead letters' },
  );
  const [bad1 = '', , control = '', large = ''] = open || [];

  const named = ['--consumer', 'delays', '--stream', scene.stream, '--table', scene.table];
  const [table, shown, raw] = await Promise.all([
    scene.run(['dead-letters', 'list', ...named]),
    scene.run(['dead-letters', 'show', file, control]),
    scene.run(['dead-letters', 'show', file, large, '--raw']),
  ]);
  expect(table).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(
      `delays on stream ${scene.stream}: 4 dead letters (open 4); by last error: HANDLER_FAILED 4`,
    ),
  });
  expect(shown.stdout).toContain(Buffer.from(`bad ${CLEAR_SCREEN}`).toString('base64'));
  expect(shown.stdout).not.toContain('\u001B');
  expect(raw).toMatchObject({ code: 0, stdout: LARGE });
  const missing = client.deadLetters.get(consumer, { sequenceNumber: '1' });
  await expect(missing).rejects.toMatchObject({ code: 'DEAD_LETTER_NOT_FOUND' });

  const again = await scene.run(['dead-letters', 'redrive', file, '--yes', '--json', '--sequence', bad1]);
  const counts = { total: 1, redriven: 0, failed: 1, held: 0, skipped: 0 };
  expect({ code: again.code, result: JSON.parse(again.stdout) as unknown }).toEqual({
    code: 1,
    result: [{ consumer: 'delays', stream: scene.stream, ...counts, end: 'done' }],
  });
  expect(await client.deadLetters.get(consumer, { sequenceNumber: bad1 })).toMatchObject({
    status: 'OPEN',
    errors: [{ code: 'HANDLER_FAILED' }, { code: 'HANDLER_FAILED' }],
  });

  const discarded = await client.deadLetters.discard(consumer, { filter: { sequenceNumber: control }, by: 'jest' });
  expect(discarded).toEqual({ discarded: 1, changed: 0 });

  scene.file('fixed', '');
  const redriven = await scene.run(['dead-letters', 'redrive', file, '--yes', '--reason', 'fixed']);
  expect(redriven).toMatchObject({
    code: 0,
    stdout: `delays on stream ${scene.stream}: 3 handled, 0 failed again.\n`,
    stderr: expect.stringContaining('Letters 3 of 3'),
  });
  const handled = [...run.stdout().matchAll(/^handled true (bad \S+)/gm)].map(([, text]) => text);
  expect(handled).toEqual(['bad 1', 'bad 2', 'bad large']);
  expect((await client.deadLetters.count(consumer)).byStatus).toEqual({ REDRIVEN: 3, DISCARDED: 1 });
  expect(await client.deadLetters.countOpen(consumer)).toBe(0);
});
