import { CliScene } from '../support/cli/scene';
import { eventually } from '../support/eventually';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { freePort, scrape, sumOf, type Series } from '../support/prometheus-text';

const RECORDS = 30;
/** The servers and these processes share a machine with other tests. */
const PATIENCE = { timeoutMs: 60_000, intervalMs: 200 };

jest.setTimeout(150_000);

let scene: CliScene;
let temporal: TcpProxy;

beforeAll(async () => {
  scene = await CliScene.create();
  const [host = '', port = ''] = (scene.env.TEMPORAL_ADDRESS ?? '').split(':');
  temporal = await startTcpProxy(host, Number(port));
  scene.kinesis.createStream(scene.stream, 2);
  for (let index = 0; index < RECORDS; index += 1) {
    // One record can never succeed, and every tenth is not wanted.
    const data = JSON.stringify({ index, bad: index === 7, unwanted: index % 10 === 0 });
    scene.kinesis.put(scene.stream, `key-${index}`, data);
  }
});
afterAll(async () => {
  await scene.close();
  await temporal.close();
});

it('a worker shows its metrics beside those of the SDK, and answers probes with the truth', async () => {
  const file = scene.consumer('watched', {
    more: `filter: (record) => !record.json<{ unwanted: boolean }>().unwanted,
      onFailure: { maxAttempts: 1 },`,
    handler: `async ({ records }, { signal }) => {
      if (records.some((record) => record.partitionKey === 'slow')) {
        console.log('slow begun');
        await new Promise((resolve) => setTimeout(resolve, 3_000));
      }
      const bad = records.find((record) => record.json<{ bad: boolean }>().bad);
      return bad ? { failures: [{ record: bad, reason: new Error('bad') }] } : undefined;
    }`,
  });
  const port = await freePort();
  const metricsUrl = `http://127.0.0.1:${port}/metrics`;
  const args = ['run', file, '--create-table', '--metrics', `127.0.0.1:${port}`, '--health', '127.0.0.1:0'];
  const run = scene.spawn(args, { TEMPORAL_ADDRESS: temporal.address });
  const labels = { consumer: 'watched', stream: scene.stream };
  const handled = async (): Promise<Series[] | undefined> => {
    const series = await scrape(metricsUrl);
    const isSettled = sumOf(series, 'tidemark_shard_owned', labels) === 2 && isAtTip(series, labels);
    return sumOf(series, 'tidemark_records_committed_total', labels) === RECORDS && isSettled ? series : undefined;
  };
  const series = await eventually(handled, { ...PATIENCE, what: 'all records committed and gauges set' });
  const total = (name: string, more: Record<string, string> = {}): number | undefined =>
    sumOf(series, name, { ...labels, ...more });
  expect({
    read: total('tidemark_records_read_total'),
    filtered: total('tidemark_records_filtered_total'),
    deadLetters: total('tidemark_dead_letters_total', { code: 'HANDLER_FAILED' }),
    claims: total('tidemark_claims_total', { kind: 'created' }),
    running: total('tidemark_worker_running'),
    fenced: total('tidemark_fenced_total'),
    partial: total('tidemark_handler_duration_seconds_count', { outcome: 'partial' }),
    lag: total('tidemark_lag_seconds'),
    parked: total('tidemark_shard_parked'),
    parkedShards: total('tidemark_parked_shards'),
  }).toEqual({
    read: RECORDS,
    filtered: 3,
    deadLetters: 1,
    claims: 2,
    running: 1,
    fenced: undefined,
    partial: 1,
    lag: 0,
    parked: 0,
    parkedShards: 0,
  });
  expect(total('tidemark_commit_duration_seconds_count')).toBeGreaterThanOrEqual(2);
  expect(total('tidemark_checkpoint_age_seconds', { shard: 'shardId-000000000000' })).toBeGreaterThanOrEqual(0);
  expect(series.some(({ name }) => name.startsWith('temporal_'))).toBe(true);

  const healthUrl = /Health at (http:\S+?)\/livez/.exec(run.stderr())?.[1] ?? '';
  const ready = await fetch(`${healthUrl}/readyz`);
  expect({ status: ready.status, body: await ready.json() }).toEqual({
    status: 200,
    body: {
      status: 'ready',
      reasons: [],
      workers: [{ ...labels, state: 'RUNNING', polls: true }],
    },
  });
  const live = await fetch(`${healthUrl}/livez`);
  expect({ status: live.status, body: await live.json() }).toEqual({
    status: 200,
    // Between two slices a shard does not run for a moment.
    body: { status: 'ok', reasons: [], runningShards: expect.any(Number), stuckShards: 0 },
  });

  const readiness = async (): Promise<string> => {
    const answer = await fetch(`${healthUrl}/readyz`);
    const { status, reasons } = (await answer.json()) as { status: string; reasons: string[] };
    return `${answer.status} ${status}: ${reasons.join('; ')}`;
  };
  await temporal.cut();
  const isCutOff = async (): Promise<boolean> => (await readiness()) === '503 unready: Temporal does not answer';
  await eventually(isCutOff, { ...PATIENCE, what: 'unready without Temporal' });
  await temporal.restore();
  await eventually(async () => (await readiness()) === '200 ready: ', { ...PATIENCE, what: 'ready again' });

  scene.kinesis.put(scene.stream, 'slow', '{}');
  await eventually(() => run.stdout().includes('slow begun'), { ...PATIENCE, what: 'a batch in flight' });
  run.child.kill('SIGTERM');
  const isDraining = async (): Promise<boolean> =>
    /^503 unready: the worker of watched on .* is (STOPPING|DRAINING)/.test(await readiness());
  await eventually(isDraining, { ...PATIENCE, what: 'unready while it drains' });
  expect((await run.exited).code).toBe(0);
  await scene.run(['stop', file, '--force']);
});

function isAtTip(series: readonly Series[], labels: Record<string, string>): boolean {
  const oldest = series.filter(
    ({ name, labels: { consumer } }) => name === 'tidemark_oldest_unhandled_seconds' && consumer === labels.consumer,
  );
  return oldest.length === 2 && oldest.every(({ value }) => value === 0);
}
