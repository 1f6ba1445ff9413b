import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { listenOn } from '../../src/worker/listen';
import { CliScene } from '../support/cli/scene';
import type { CliProcess } from '../support/cli/cli-process';
import { eventually } from '../support/eventually';
import { isAlive, processTable } from '../support/processes';
import { freePort, scrape, sumOf, type Series } from '../support/prometheus-text';
import { findInstalled } from '../unit/ops/support/prometheus';

const SHARDS = 4;
const PATIENCE = { timeoutMs: 90_000, intervalMs: 100 };

jest.setTimeout(240_000);

interface Entry {
  readonly pid: number;
  readonly kind: 'begin' | 'end';
  readonly keys: readonly string[];
}

let scene: CliScene;
let put = 0;
let producer: NodeJS.Timeout | undefined;

beforeAll(async () => {
  scene = await CliScene.create();
  scene.kinesis.createStream(scene.stream, SHARDS);
});
afterEach(() => clearInterval(producer));
afterAll(() => scene.close());

function putRecords(perShard: number): void {
  for (const { shardId } of scene.kinesis.shards(scene.stream)) {
    for (let index = 0; index < perShard; index += 1) {
      put += 1;
      scene.kinesis.put(scene.stream, `k${index}`, String(put), { shardId });
    }
  }
}

/** A handler that takes its time and writes down what it handled, and in which process. */
function consumerWithJournal(name: string, batchMs: number): { file: string; entries: () => Entry[] } {
  const journal = join(scene.folder, `${name}.jsonl`);
  const file = scene.consumer(name, {
    more: 'maxBatchRecords: 5, historyIntervalMs: 1_000, heartbeatTimeoutMs: 3_000,',
    handler: `async (batch) => {
      const { appendFileSync } = await import('node:fs');
      const { setTimeout: sleep } = await import('node:timers/promises');
      const keys = batch.records.map((record) => record.idempotencyKey);
      const note = (kind: string) =>
        appendFileSync(${JSON.stringify(journal)}, JSON.stringify({ pid: process.pid, kind, keys }) + '\\n');
      note('begin');
      await sleep(${batchMs});
      note('end');
    }`,
  });
  const entries = (): Entry[] => {
    const lines = readFileSync(journal, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Entry);
  };
  return { file, entries };
}

function childrenOf({ child }: CliProcess): number[] {
  return processTable()
    .filter((row) => row.parentPid === child.pid && row.args.includes('process-main'))
    .map(({ pid }) => pid);
}

/** What Prometheus cannot read, where its tool is at hand; it also has opinions on the SDK's names, which do not count. */
function syntaxFaults(text: string): string {
  const promtool = findInstalled('promtool');
  if (promtool === undefined) return '';
  const { status, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return status === 1 ? stderr : '';
}

/** An OpenTelemetry collector that keeps what it is sent, protobuf. */
async function startCollector(): Promise<{ url: string; received(): Buffer; close(): Promise<void> }> {
  const chunks: Buffer[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => response.end());
  });
  const { url, close } = await listenOn(server, '127.0.0.1:0', 'collector');
  return { url: `${url}/v1/metrics`, received: () => Buffer.concat(chunks), close };
}

function handled(entries: readonly Entry[]): Set<string> {
  return new Set(entries.flatMap(({ kind, keys }) => (kind === 'end' ? keys : [])));
}

it('two processes share a stream; one that is killed is started again, and a stop commits everything', async () => {
  const { file, entries } = consumerWithJournal('shared', 100);
  const metrics = `127.0.0.1:${await freePort()}`;
  producer = setInterval(() => putRecords(1), 100);
  const args = ['run', file, '--create-table', '--processes', '2', '--metrics', metrics, '--health', '127.0.0.1:0'];
  const run = scene.spawn(args);
  const both = async (): Promise<Series[] | undefined> => {
    const series = await scrape(`http://${metrics}/metrics`);
    const work = ['1', '2'].map((process) => sumOf(series, 'tidemark_records_committed_total', { process }) ?? 0);
    return work.every((records) => records > 0) ? series : undefined;
  };
  const series = await eventually(both, { ...PATIENCE, what: 'metrics of two processes at work' });
  expect(sumOf(series, 'tidemark_process_up')).toBe(2);
  expect(series.some(({ name, labels }) => name.startsWith('temporal_') && labels.process === '2')).toBe(true);
  expect(syntaxFaults(await (await fetch(`http://${metrics}/metrics`)).text())).toBe('');
  const healthUrl = /Health of all at (http:\S+?)\/livez/.exec(run.stderr())?.[1] ?? '';
  const health = await Promise.all(['livez', 'readyz'].map((path) => fetch(`${healthUrl}/${path}`)));
  expect(health.map(({ status }) => status)).toEqual([200, 200]);

  const [victim = 0] = childrenOf(run);
  process.kill(victim, 'SIGKILL');
  const isReplaced = (): boolean => childrenOf(run).length === 2 && !childrenOf(run).includes(victim);
  await eventually(isReplaced, { ...PATIENCE, what: 'another process in the place of the killed one' });
  expect(run.stderr()).toMatch(
    /^Process \d \(pid \d+\) was killed by SIGKILL after \d+ s of work\. It starts again in /m,
  );
  const processes = childrenOf(run);
  const allWork = (): boolean => processes.every((pid) => entries().some((entry) => entry.pid === pid));
  await eventually(allWork, { ...PATIENCE, what: 'both processes at work' });
  expect(sumOf(await scrape(`http://${metrics}/metrics`), 'tidemark_process_restarts_total')).toBe(1);

  // As systemd does it, and a terminal: everybody gets the signal, and the processes get the supervisor's order, too.
  for (const pid of [...processes, run.child.pid ?? 0]) process.kill(pid, 'SIGTERM');
  const { code, stderr, stdout } = await run.exited;
  clearInterval(producer);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  for (const end of [/^\[1\] SIGTERM: /m, /^\[2\] SIGTERM: /m, /^All processes have stopped\.$/m])
    expect(stderr).toMatch(end);
  expect(processes.filter(isAlive)).toEqual([]);

  // Everything that was handled is committed: nothing of it comes again to the next worker, and nothing is lost.
  const mark = entries().length;
  const done = handled(entries());
  const next = scene.spawn(['worker', file]);
  await eventually(() => handled(entries()).size === put, { ...PATIENCE, what: 'every record to be handled' });
  const rest = entries().slice(mark);
  expect(rest.flatMap(({ keys }) => keys.filter((key) => done.has(key)))).toEqual([]);
  next.child.kill('SIGTERM');
  await next.exited;
  await scene.run(['stop', file, '--force']);
});

it('processes whose supervisor is killed finish and end', async () => {
  const { file, entries } = consumerWithJournal('orphans', 500);
  const collector = await startCollector();
  producer = setInterval(() => putRecords(1), 200);
  const worker = scene.spawn(['run', file, '--create-table', '--processes', '2', '--metrics-otlp', collector.url]);
  await eventually(() => new Set(entries().map(({ pid }) => pid)).size === 2, { ...PATIENCE, what: 'work in both' });
  const processes = childrenOf(worker);
  expect(processes).toHaveLength(2);
  const tells = (number: string): boolean => collector.received().includes(`\x0a\x07process\x12\x03\x0a\x01${number}`);
  await eventually(() => tells('1') && tells('2'), { ...PATIENCE, what: 'metrics of both at the collector' });
  worker.child.kill('SIGKILL');
  await eventually(() => processes.filter(isAlive).length === 0, { ...PATIENCE, what: 'both processes to end' });
  const counts = ['begin', 'end'].map((kind) => entries().filter((entry) => entry.kind === kind).length);
  expect(counts[0]).toBe(counts[1]);
  await collector.close();
  await scene.run(['stop', file, '--force']);
});

it('a second signal ends all processes at once, even one that hears nothing', async () => {
  const file = scene.consumer('deaf', { handler: `() => { console.log('spinning'); for (;;); }` });
  putRecords(1);
  const worker = scene.spawn(['run', file, '--create-table', '--processes', '2']);
  await eventually(() => worker.stdout().includes('spinning'), { ...PATIENCE, what: 'a blocked process' });
  const processes = childrenOf(worker);
  worker.child.kill('SIGINT');
  await eventually(() => worker.stderr().includes('SIGINT: all processes'), PATIENCE);
  await new Promise((resolve) => setTimeout(resolve, 500));
  worker.child.kill('SIGINT');
  expect((await worker.exited).code).toBe(130);
  expect(processes.filter(isAlive)).toEqual([]);
  await scene.run(['stop', file, '--force']);
});

it('a broken consumer file is one error, as without processes', async () => {
  const file = scene.file('broken.ts', 'export default 7;');
  const [alone, supervised] = await Promise.all([
    scene.run(['worker', file]),
    scene.run(['worker', file, '--processes', '3']),
  ]);
  expect(supervised).toEqual(alone);
  expect(supervised.code).toBe(1);
});
