/** What a handler costs in the main thread and in a thread of its own; and what a thread costs. No servers. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { defineConsumer, type ConsumerDefinition } from '../../src';
import type { HandlerRunner, RunRequest } from '../../src/handler/handler-runner';
import { startLoopWatchdog } from '../../src/handler/loop-watchdog';
import type { RawRecord } from '../../src/kinesis/kinesis-port';
import { createHandlerRunners, type HandlerRunners } from '../../src/worker/handler-runners';
import { quantile } from '../measure/statistics';
import consumers from './isolation-consumers';
import type { IsolationOrder } from './messages';
import { obeyParent, readOrder, tellParent } from './parent';

const MEASURED_THREADS = 8;
const MEGABYTE = 2 ** 20;

const order = readOrder<IsolationOrder>();

obeyParent(({ kind }) => {
  if (kind === 'go') run().catch(fail);
  if (kind === 'stop') process.exit(0);
});
tellParent({ kind: 'ready' });

async function run(): Promise<void> {
  const runners = createHandlerRunners(consumer());
  const figures = order.subject === 'handlers' ? await measureHandler(runners) : await measureThreads(runners);
  tellParent({ kind: 'figures', figures });
}

function consumer(): ConsumerDefinition {
  const name = order.handler.replaceAll(' ', '-');
  const found = consumers.find(({ options }) => options.name === name);
  if (!found) throw new Error(`There is no handler called ${name}`);
  const { handler, options } = found;
  const { isolation } = order;
  return defineConsumer({ name, stream: 'bench', startFrom: 'LATEST', handler, file: options.file, isolation });
}

async function measureHandler(runners: HandlerRunners): Promise<Record<string, number>> {
  const shards = Array.from({ length: order.shards }, (_, index) => new ShardLoop(runners.create(), index));
  await Promise.all(shards.map((shard) => shard.runFor(order.warmUpMs)));
  for (const shard of shards) shard.batchMs.length = 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  await Promise.all(shards.map((shard) => shard.runFor(order.measuredMs)));
  const wallMs = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  delay.disable();
  const batchMs = shards.flatMap((shard) => shard.batchMs);
  const records = batchMs.length * order.batchRecords;
  const cpuSeconds = (user + system) / 1e6;
  return {
    recordsPerSecond: records / (wallMs / 1_000),
    recordsPerCpuSecond: records / cpuSeconds,
    batchP50Ms: quantile(batchMs, 0.5),
    batchP99Ms: quantile(batchMs, 0.99),
    mainLoopDelayP50Ms: delay.percentile(50) / 1e6,
    mainLoopDelayP99Ms: delay.percentile(99) / 1e6,
    rssMb: process.memoryUsage().rss / MEGABYTE,
  };
}

/** Batch after batch of one shard. */
class ShardLoop {
  readonly batchMs: number[] = [];
  private readonly page = pageBytes();

  constructor(
    private readonly runner: HandlerRunner,
    private readonly index: number,
  ) {}

  async runFor(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs) {
      const request = requestOf(this.page, this.index);
      const startedAtMs = performance.now();
      await this.runner.run(request);
      this.batchMs.push(performance.now() - startedAtMs);
      // As a real slice, which fetches and commits: the event loop turns between two batches.
      await turn();
    }
  }
}

async function measureThreads(runners: HandlerRunners): Promise<Record<string, number>> {
  // The first one leaves its transpiled code to the others.
  const firstThreadMs = await timed(() => runners.create().run(requestOf(pageBytes(), 0)));
  const watchdogBefore = await settledRss();
  const watchdog = startLoopWatchdog({ limitMs: 20_000 });
  const watchdogMb = (await settledRss()) - watchdogBefore;
  watchdog.stop();
  await sleep(200);
  const before = await settledRss();
  const startMs: number[] = [];
  for (let index = 1; index <= MEASURED_THREADS; index += 1)
    startMs.push(await timed(() => runners.create().run(requestOf(pageBytes(), index))));
  const threadMb = ((await settledRss()) - before) / MEASURED_THREADS;
  return {
    firstThreadMs,
    threadStartP50Ms: quantile(startMs, 0.5),
    threadStartMaxMs: Math.max(...startMs),
    threadMb,
    watchdogMb,
  };
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return performance.now() - startedAtMs;
}

async function settledRss(): Promise<number> {
  await sleep(500);
  return process.memoryUsage().rss / MEGABYTE;
}

/** Payloads of JSON, one behind the other, as the decoder of pages leaves them. */
function pageBytes(): Buffer {
  const payload = JSON.stringify({ delay: 7, padding: 'x'.repeat(Math.max(0, order.recordBytes - 24)) });
  return Buffer.from(payload.repeat(order.batchRecords));
}

function requestOf(page: Buffer, shard: number): RunRequest {
  const block = Buffer.allocUnsafeSlow(page.length);
  page.copy(block);
  const bytes = page.length / order.batchRecords;
  const records = Array.from({ length: order.batchRecords }, (_, index): RawRecord => {
    const data = block.subarray(index * bytes, (index + 1) * bytes);
    return {
      sequenceNumber: `495903382714902566085596925383${index}`,
      partitionKey: `key-${index}`,
      data,
      arrivalMs: index,
    };
  });
  const stream = { consumer: 'bench', streamName: 'bench', streamArn: 'arn', createdAtMs: 1 };
  return {
    shard: { ...stream, shardId: `shardId-${shard}` },
    records,
    millisBehindLatest: 0,
    attempt: 1,
    fence: 1,
    redrive: false,
    lost: LOST,
    keepPayloads: false,
  };
}

const LOST = new AbortController().signal;

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
