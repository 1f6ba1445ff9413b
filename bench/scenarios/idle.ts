import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy, type FaultProxy } from '../../test/support/fault-proxy';
import { startScriptedKinesis, type ScriptedKinesis } from '../../test/support/scripted-kinesis';
import { eventually } from '../../test/support/eventually';
import type { Child } from '../measure/child';
import { CpuMeter } from '../measure/process-cpu';
import { resultOf, type Result, type Run } from '../measure/result';
import type { BenchContext } from './bench-context';
import { shardHistories, type ShardHistory } from './histories';
import { startWorker } from './tidemark-run';

const STREAM = 'bench';
const WARM_UP_MS = 5_000;
const MINUTE_MS = 60_000;

interface IdleWorld {
  readonly context: BenchContext;
  readonly kinesis: ScriptedKinesis;
  readonly dynamodb: FaultProxy;
  readonly worker: Child;
}

/** What a worker with many shards and no records costs. */
export async function idle(context: BenchContext): Promise<Result[]> {
  const { shards, seconds } = context.sizes;
  const kinesis = await startScriptedKinesis();
  kinesis.createStream(STREAM, shards);
  const opened = shardsOpened(kinesis);
  const dynamodb = await startFaultProxy(context.stack.dynamodbEndpoint);
  const consumer = context.newConsumer({ kinesis: kinesis.endpoint, dynamodb: dynamodb.endpoint });
  const worker = await startWorker(context, { consumer });
  try {
    const startedAtMs = performance.now();
    const starting = new CpuMeter({
      worker: worker.pid,
      temporal: context.stack.processes.temporal,
      kinesis: process.pid,
    });
    await context.startConsumer(consumer);
    await eventually(() => opened.size >= shards, {
      timeoutMs: 300_000,
      what: 'iterators of all shards',
    });
    const start = { startToAllReadMs: performance.now() - startedAtMs, ...startFigures(starting.read()) };
    await eventually(() => kinesis.requests.count('GetRecords') >= 2 * shards, {
      timeoutMs: 300_000,
      what: 'polling of all shards',
    });
    await sleep(WARM_UP_MS);
    const world = { context, kinesis, dynamodb, worker };
    const run = { ...start, ...(await watch(world, () => shardHistories(context.temporal, consumer))) };
    return [resultOf({ bench: 'idle', subject: `${shards} shards`, parameters: { shards, seconds } }, [run])];
  } finally {
    await context.stopConsumer(consumer);
    await worker.stop();
    await Promise.all([kinesis.close(), dynamodb.close()]);
  }
}

/** What the start costs each of the processes that share the machine, among them this one, which is Kinesis. */
function startFigures({ worker = NaN, temporal = NaN, kinesis = NaN }: Readonly<Record<string, number>>): Run {
  return {
    startWorkerCpuMs: worker,
    startTemporalCpuMs: temporal,
    startKinesisCpuMs: kinesis,
  };
}

/** Shards of which an iterator was asked for so far. The log of requests forgets the oldest ones, and polls are many. */
function shardsOpened({ faults }: ScriptedKinesis): ReadonlySet<string> {
  const opened = new Set<string>();
  const when = ({ body }: { readonly body: Readonly<Record<string, unknown>> }): boolean => {
    opened.add(String(body.ShardId));
    return false;
  };
  faults.add({ operation: 'GetShardIterator', when, action: {} });
  return opened;
}

async function watch(
  { context, kinesis, dynamodb, worker }: IdleWorld,
  histories: () => Promise<ShardHistory[]>,
): Promise<Run> {
  const { shards, seconds } = context.sizes;
  const events = async (): Promise<number> => (await histories()).reduce((sum, shard) => sum + shard.events, 0);
  const polls = (): number => kinesis.requests.count('GetRecords');
  const writes = (): number => dynamodb.requests.count('UpdateItem') + dynamodb.requests.count('PutItem');
  const eventsBefore = await events();
  const { temporal, dynamodb: emulator } = context.stack.processes;
  const meter = new CpuMeter({ temporal, emulator });
  const before = { ...(await worker.sample()), polls: polls(), writes: writes() };
  await sleep(seconds * 1_000);
  const after = { ...(await worker.sample()), polls: polls(), writes: writes() };
  const cpu = meter.read();
  const windowMs = Number(BigInt(after.atNs) - BigInt(before.atNs)) / 1e6;
  const shardMinutes = (shards * windowMs) / MINUTE_MS;
  const percent = (cpuMs: number | undefined): number => ((cpuMs ?? Number.NaN) / windowMs) * 100;
  return {
    workerPercentOfCore: percent(after.cpuMs - before.cpuMs),
    workerRssMb: after.rssMb,
    temporalPercentOfCore: percent(cpu.temporal),
    dynamodbPercentOfCore: percent(cpu.emulator),
    getRecordsPerSecond: (after.polls - before.polls) / (windowMs / 1_000),
    historyEventsPerShardMinute: ((await events()) - eventsBefore) / shardMinutes,
    shortestSliceGapSeconds: shortestSliceGapMs(await histories()) / 1_000,
    dynamodbWritesPerShardMinute: (after.writes - before.writes) / shardMinutes,
    shortestWriteGapSeconds: shortestWriteGapMs(dynamodb) / 1_000,
  };
}

/** Between two writes of one checkpoint, the claim at the start among them; NaN if each was written once. */
function shortestWriteGapMs({ requests }: FaultProxy): number {
  const times = new Map<string, number[]>();
  for (const { body, atMs } of requests.list('UpdateItem')) {
    const key = JSON.stringify(body.Key);
    times.set(key, [...(times.get(key) ?? []), atMs]);
  }
  return shortestGap([...times.values()]);
}

/** Between two activities of one shard; NaN before any shard has had two. */
function shortestSliceGapMs(histories: readonly ShardHistory[]): number {
  return shortestGap(histories.map(({ slicesScheduledAtMs }) => slicesScheduledAtMs));
}

function shortestGap(series: readonly (readonly number[])[]): number {
  const gaps = series.flatMap((times) => times.slice(1).map((next, index) => next - (times[index] ?? next)));
  return gaps.length === 0 ? Number.NaN : gaps.reduce((min, gap) => Math.min(min, gap), Infinity);
}
