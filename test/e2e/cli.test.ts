import type { ConsumerReport } from '../../src';
import { eventually } from '../support/eventually';
import type { CliProcess } from '../support/cli/cli-process';
import { CliScene } from '../support/cli/scene';

const FLIGHTS = 40;
/** The servers and these processes share a machine with other tests. */
const PATIENCE = { timeoutMs: 45_000, intervalMs: 200 };

jest.setTimeout(120_000);

let scene: CliScene;

beforeAll(async () => {
  scene = await CliScene.create();
  scene.kinesis.createStream(scene.stream, 2);
  for (let index = 0; index < FLIGHTS; index += 1) {
    const flight = { origin: `A${index % 7}`, destination: 'SFO', delay: index % 2 === 0 ? 90 : 10 };
    scene.kinesis.put(scene.stream, flight.origin, JSON.stringify(flight));
  }
});
afterAll(() => scene.close());

describe('tidemark table create', () => {
  it('creates the checkpoint table, and leaves one that exists', async () => {
    const args = ['table', 'create', '--table', `${scene.table}-own`];
    expect(await scene.run(args)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^Created the checkpoint table .*-own\.\n +point-in-time recovery +on.*\n +deletion protection +on\n/,
      ),
    });
    expect(await scene.run(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('exists and fits') });
  });
});

describe('the hello example', () => {
  it('is run, looked at, and stopped', async () => {
    const file = scene.example('hello');
    const run = scene.spawn(['run', file, '--create-table']);
    await eventually(() => flightsIn(run) === FLIGHTS, { ...PATIENCE, what: `${FLIGHTS} flights handled` });
    expectPicture(run.stderr());

    const [report] = await eventually(() => committed(file, FLIGHTS), { ...PATIENCE, what: 'all flights committed' });
    expect(report).toMatchObject({ consumer: 'flight-delays', streamName: scene.stream, state: 'RUNNING' });
    const table = await scene.run(['status', file]);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toContain(`flight-delays on stream ${scene.stream}: RUNNING; shards listed 2`);
    expect(table.stdout.match(/shardId-0{11}[01] │ READING +│ AFTER …\d{12} │ .* ago +│ +\d+ │/g)).toHaveLength(2);

    const stop = await scene.run(['stop', file, '--reason', 'test is over', '--by', 'jest']);
    expect(stop).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Stopped flight-delays on .*: 2 shards/) });
    const after = await scene.run(['status', file]);
    expect(after.stdout).toContain('It does not run: `npx tidemark start <file>` goes on from the checkpoints.');

    run.child.kill('SIGTERM');
    const ended = await run.exited;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(
      /SIGTERM: no shard is being read here[^]*Stopped\. Everything handled is committed\.\n$/,
    );
  });
});

describe('the each-record example, started and worked for apart', () => {
  it('is handled by a worker; without one, status says so', async () => {
    const file = scene.example('each-record');
    const started = await scene.run(['start', file]);
    expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Started late-flights on stream /) });
    expect((await scene.run(['start', file])).stdout).toMatch(/^Runs already: late-flights on stream /);
    expect((await scene.run(['status'])).stdout).toContain(`late-flights on stream ${scene.stream}: RUNNING`);

    const worker = scene.spawn(['worker', file]);
    await eventually(() => lateFlightsIn(worker).size === FLIGHTS / 2, { ...PATIENCE, what: 'all late flights' });
    worker.child.kill('SIGINT');
    expect(await worker.exited).toMatchObject({ code: 0, stderr: expect.stringContaining('SIGINT: ') });
    const forced = await scene.run(['stop', '--consumer', 'late-flights', '--stream', scene.stream, '--force']);
    expect(forced).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Terminated late-flights on .*: 2 shards/),
    });
  });
});

describe('a second Ctrl-C', () => {
  it('leaves at once and names the shards that were still running', async () => {
    const file = scene.consumer('stuck', { handler: '() => new Promise<void>(() => console.log("begun"))' });
    const run = scene.spawn(['run', file]);
    await eventually(() => run.stdout().split('begun').length === 3, { ...PATIENCE, what: 'both shards begun' });
    run.child.kill('SIGINT');
    await eventually(() => run.stderr().includes('SIGINT: finishing'), PATIENCE);
    // Repeated until it counts: an echo of the first one is ignored.
    await eventually(() => {
      run.child.kill('SIGINT');
      return run.stderr().includes('left at once');
    }, PATIENCE);
    const { code, stderr } = await run.exited;
    expect(code).toBe(130);
    const both = `stuck/${scene.stream}/shardId-000000000000, stuck/${scene.stream}/shardId-000000000001`;
    expect(stderr).toContain(
      `SIGINT: finishing and committing the batch in flight of 2 shards, then handing over: ${both}.`,
    );
    expect(stderr).toContain(`SIGINT: left at once. Still running: ${both}.`);
    await scene.run(['stop', file, '--force']);
  });
});

/** What a newcomer sees of a run: what is consumed, from where, with which settings. Nothing of the SDKs' own inner life. */
function expectPicture(stderr: string): void {
  for (const text of [
    'Consumer  flight-delays',
    `Stream    ${scene.stream}, from TRIM_HORIZON`,
    `Table     ${scene.table}`,
    `Kinesis at ${scene.kinesis.endpoint}`,
    'namespace default',
    `tidemark/flight-delays/${scene.stream}`,
    'maxBatchRecords 2000',
    `Created the checkpoint table ${scene.table}.`,
  ]) {
    expect(stderr).toContain(text);
  }
  expect(stderr).toMatch(/Consumer flight-delays is .*hello\.ts, SHA-256 [0-9a-f]{64}\n/);
  expect(stderr).not.toMatch(/Worker state changed|sdkComponent|WARN/);
  expect(stderr).not.toContain(scene.env.AWS_SECRET_ACCESS_KEY);
}

function flightsIn(run: CliProcess): number {
  return [...run.stdout().matchAll(/: (\d+) flights/g)].reduce((sum, [, flights]) => sum + Number(flights), 0);
}

function lateFlightsIn(run: CliProcess): Set<string> {
  return new Set([...run.stdout().matchAll(/^([\w-]{43}): A\d-SFO is 90 minutes late$/gm)].map(([, key]) => key ?? ''));
}

async function committed(file: string, records: number): Promise<ConsumerReport[] | undefined> {
  const { stdout } = await scene.run(['status', file, '--json']);
  const reports = JSON.parse(stdout) as ConsumerReport[];
  const total = reports.flatMap(({ shards }) => shards).reduce((sum, shard) => sum + shard.records, 0);
  return total === records ? reports : undefined;
}
