import { defineConsumer, TidemarkClient, type ConsumerDefinition } from '../../src';
import { createConsumerServices } from '../../src/aws/consumer-services';
import type { CheckpointRow } from '../../src/core/checkpoint';
import { eventually } from '../support/eventually';
import type { CliProcess } from '../support/cli/cli-process';
import { CliScene } from '../support/cli/scene';
import { stackEnv } from '../support/stack-env';
import { SOURCE } from '../support/source';

/** The servers and these processes share a machine with other tests. */
const PATIENCE = { timeoutMs: 90_000, intervalMs: 100 };
const OF_A_PHASE = 40;

jest.setTimeout(300_000);

let scene: CliScene;
let client: TidemarkClient;
let file: string;
/** The same consumer, as this process sees it. */
let consumer: ConsumerDefinition;
let live: CliProcess;
/** When the range begins and ends, by the clock of the service. */
const range = { from: '', to: '' };
/** Payloads of the records in the range; sequence number and shard by payload. */
const wanted: string[] = [];
const places = new Map<string, { shardId: string; sequenceNumber: string }>();

/** Records over all open shards. */
function put(phase: string, count = OF_A_PHASE): string[] {
  return Array.from({ length: count }, (_, index) => {
    const text = `${phase}-${index}`;
    scene.kinesis.advanceClock(10);
    places.set(text, scene.kinesis.put(scene.stream, `key-${index}`, text));
    return text;
  });
}

const now = (): string => new Date(scene.kinesis.now()).toISOString();

/** A resharded stream: what is to be replayed lies in the shard that was split, its children, and the shard they were merged into. */
function putLineage(): void {
  const [first] = scene.kinesis.shards(scene.stream);
  put('before');
  scene.kinesis.advanceClock(5_000);
  range.from = now();
  wanted.push(...put('whole'));
  const children = scene.kinesis.split(scene.stream, first?.shardId ?? '');
  wanted.push(...put('split'));
  scene.kinesis.merge(scene.stream, ...children);
  wanted.push(...put('merged'));
  range.to = now();
  scene.kinesis.advanceClock(5_000);
  put('after');
}

const handled = (cli: CliProcess, kind: 'live' | 'replay' | 'dry'): string[] =>
  [...cli.stdout().matchAll(new RegExp(`^${kind} (\\S+)$`, 'gm'))].map(([, text]) => text ?? '');

async function rows(): Promise<(CheckpointRow | undefined)[]> {
  const services = createConsumerServices(consumer.options);
  try {
    const { streamName, streamArn, createdAtMs } = await services.kinesis.describeStream(consumer.options);
    const ids = scene.kinesis.shards(scene.stream).map(({ shardId }) => shardId);
    return await services.store.readMany(
      ids.map((shardId) => ({ consumer: 'delays', streamName, streamArn, createdAtMs, shardId })),
    );
  } finally {
    services.close();
  }
}

beforeAll(async () => {
  scene = await CliScene.create();
  scene.kinesis.createStream(scene.stream, 1);
  file = scene.consumer('delays', {
    more: `maxBatchRecords: 4, pollIntervalMs: 200, historyIntervalMs: 500, heartbeatTimeoutMs: 2_000, shardSyncIntervalMs: 1_000,
      onFailure: { maxAttempts: 2, minBackoffMs: 0 },`,
    handler: `async ({ records }, { replay, dryRun }) => {
      if (replay && !dryRun) await new Promise((resolve) => setTimeout(resolve, 100));
      if (dryRun && records.some((record) => ['whole-3', 'merged-7'].includes(record.text()))) throw new Error('planted');
      for (const record of records) console.log(dryRun ? 'dry' : replay ? 'replay' : 'live', record.text());
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
  putLineage();
  live = scene.spawn(['run', file, '--create-table']);
  const all = [...places.keys()].length;
  await eventually(() => new Set(handled(live, 'live')).size === all, { ...PATIENCE, what: 'the live consumer' });
  // What it has handled is committed, and stands in the history.
  await eventually(
    async () => (await client.status(consumer)).shards.reduce((sum, { records }) => sum + records, 0) === all,
    { ...PATIENCE, what: 'its commits' },
  );
  const timeOf = (text: string) => ({ at: 'AT_TIMESTAMP', timestampMs: Date.parse(text) }) as const;
  const query = { from: timeOf(range.from), to: timeOf(range.to) };
  await eventually(async () => (await client.replays.preview(consumer, query)).records !== undefined, {
    ...PATIENCE,
    what: 'its history',
  });
});

afterAll(async () => {
  await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
  await client.close();
  await scene.close();
});

it('a range is replayed beside the live consumer, over a resharding and the death of its worker', async () => {
  const before = await rows();
  const asked = ['--from', range.from, '--to', range.to, '--yes', '--id', 'bug-1.4', '--reason', 'bug in 1.4'];
  const first = scene.spawn(['replay', 'start', file, ...asked, '--work', '--parallel', '2']);
  await eventually(() => handled(first, 'replay').length >= 20, { ...PATIENCE, what: `20 records: ${first.stderr()}` });
  first.child.kill('SIGKILL');
  await first.exited;
  expect(first.stderr()).toMatch(/Shards {3}4, 3 of them closed/);
  expect(first.stderr()).toMatch(/Records {2}about \d+/);

  const watching = scene.spawn(['replay', 'follow', file, 'bug-1.4']);
  await eventually(() => watching.stderr().includes('No worker answers yet'), { ...PATIENCE, what: 'the hint' });
  watching.child.kill('SIGINT');
  expect(await watching.exited).toMatchObject({ code: 1, stderr: expect.stringContaining('goes on without this') });

  const second = scene.spawn(['replay', 'follow', file, 'bug-1.4', '--work', '--json']);
  const late = put('late', 8);
  const { code, stdout, stderr } = await second.exited;
  expect({ code, stderr: stderr.includes('100 %') }).toEqual({ code: 0, stderr: true });
  expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toMatchObject({
    id: 'bug-1.4',
    end: 'done',
    failed: 0,
    shards: 4,
  });

  const replayed = [...handled(first, 'replay'), ...handled(second, 'replay')];
  expect([...new Set(replayed)].toSorted()).toEqual(wanted.toSorted());
  // It went on near where it was: two shards at once, each a slice of some seconds.
  expect(replayed.length - wanted.length).toBeLessThan(OF_A_PHASE + 20);
  const order = new Map<string, number>();
  for (const [index, text] of replayed.entries()) order.set(text, index);
  const last = (phase: string): number =>
    Math.max(...wanted.filter((t) => t.startsWith(phase)).map((t) => order.get(t) ?? 0));
  const begin = (phase: string): number =>
    Math.min(...wanted.filter((t) => t.startsWith(phase)).map((t) => replayed.indexOf(t)));
  expect(last('whole')).toBeLessThan(begin('split'));
  expect(last('split')).toBeLessThan(begin('merged'));

  // The live consumer has gone on by itself, and only it has written: nothing but the open shard has moved.
  await eventually(() => late.every((text) => handled(live, 'live').includes(text)), {
    ...PATIENCE,
    what: 'late ones',
  });
  expect(handled(live, 'live').length).toBe(places.size);
  expect(handled(live, 'replay')).toEqual([]);
  const after = await rows();
  expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
  const standing = ({ fence, generation, workflowId }: CheckpointRow) => ({ fence, generation, workflowId });
  expect(after.map((row) => row && standing(row))).toEqual(before.map((row) => row && standing(row)));
  expect((await client.deadLetters.count(consumer)).total).toBe(0);
});

it('a dry run by the workers of the consumer reports what would fail', async () => {
  const asked = ['--from', range.from, '--to', range.to, '--yes', '--dry-run', '--id', 'dry'];
  const run = await scene.run(['replay', 'start', file, ...asked, '--json']);
  expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 1 });
  const result = JSON.parse(run.stdout) as { failures: { shardId: string; sequenceNumber: string }[] };
  expect(result).toMatchObject({ end: 'done', records: wanted.length, failed: 2, failedByCode: { HANDLER_FAILED: 2 } });
  const planted = ['whole-3', 'merged-7'].map((text) => places.get(text)?.sequenceNumber);
  expect(result.failures.map(({ sequenceNumber }) => sequenceNumber).toSorted()).toEqual(planted.toSorted());
  expect((await client.deadLetters.count(consumer)).total).toBe(0);
  const dry = new Set(handled(live, 'dry'));
  expect(dry.size).toBe(wanted.length - 2);

  expect(await client.replays.list(consumer)).toMatchObject([
    { id: 'dry', state: 'COMPLETED', what: expect.stringContaining('dry run of') },
    { id: 'bug-1.4', state: 'COMPLETED', by: expect.any(String) },
  ]);
  expect(await client.replays.get(consumer, 'dry').progress()).toMatchObject({
    done: true,
    dryRun: true,
    records: wanted.length,
  });
  const query = { by: 'jest', from: { at: 'TRIM_HORIZON' } } as const;
  await expect(client.replays.start(consumer, { ...query, id: 'dry' })).rejects.toMatchObject({
    code: 'REPLAY_EXISTS',
  });
  for (const wrong of [{ id: 'a/b' }, { parallel: 0 }, { parallel: 101 }])
    await expect(client.replays.start(consumer, { ...query, ...wrong })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
});

it('a range that makes no sense, or of which retention has taken a part, is refused', async () => {
  const at = (timestampMs: number) => ({ at: 'AT_TIMESTAMP', timestampMs }) as const;
  const nowMs = scene.kinesis.now();
  const preview = (from: number, to: number) => client.replays.preview(consumer, { from: at(from), to: at(to) });
  await expect(preview(nowMs - 1_000, nowMs - 2_000)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(preview(nowMs - 1_000, nowMs + 60_000)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  const { shardId = '', sequenceNumber = '' } = places.get('whole-3') ?? {};
  const named = { from: { at: 'FROM', sequenceNumber } } as const;
  await expect(client.replays.preview(consumer, named)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(await client.replays.preview(consumer, { ...named, shardId })).toMatchObject({
    range: named,
    shards: [{ shardId, isClosed: true }],
  });

  scene.kinesis.advanceClock(30 * 3_600_000);
  put('new', 4);
  const laterMs = scene.kinesis.now();
  await expect(preview(nowMs - 2_000, nowMs - 1_000)).rejects.toMatchObject({ code: 'RANGE_EXPIRED' });
  expect((await preview(nowMs - 2_000, laterMs)).missing).toContain('retention keeps records since');
  const options = { by: 'jest', from: at(nowMs - 2_000), to: at(laterMs) };
  await expect(client.replays.start(consumer, options)).rejects.toMatchObject({ code: 'RANGE_EXPIRED' });
});
