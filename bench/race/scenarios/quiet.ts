import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy, type FaultProxy } from '../../../test/support/fault-proxy';
import { attempt, isThere } from '../attempt';
import type { Contestant } from '../contestant';
import type { Entrant } from '../entrant';
import { Feeder } from '../race-streams';
import type { RaceWorld } from '../race-world';
import { rowsOf, type RaceRow } from '../row';

const SHARDS = 4;
const RECORDS_PER_SECOND = 100;
const WARM_UP_MS = 3_000;
const MEASURED_MS = 15_000;
/** An idle consumer is watched for no less than this: the rarest of its doings come once a minute. */
const IDLE_MS = 75_000;
/** After its start a consumer may still do what it does once. */
const IDLE_SETTLE_MS = 15_000;
const MINUTE_MS = 60_000;
const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];
const CONTROL = ['CreateTable', 'UpdateTable', 'UpdateTimeToLive', 'UpdateContinuousBackups', 'TagResource'];

/** A little traffic for one contestant after another, and none at all for others of the same kinds, at the same time. */
export async function quiet(world: RaceWorld, contestants: readonly Contestant[]): Promise<RaceRow[]> {
  const idle = idleRows(
    world,
    contestants.filter(({ idleShards, isVariant }) => idleShards > 0 && !isVariant),
  );
  const latency = latencyRows(world, contestants);
  const found = await Promise.all([latency, idle]);
  return found.flat();
}

async function latencyRows(world: RaceWorld, contestants: readonly Contestant[]): Promise<RaceRow[]> {
  const { report } = world.context;
  const started = contestants.map((contestant) =>
    attempt(report, `latency ${contestant.title}`, () => startTimed(world, contestant)),
  );
  const starters = (await Promise.all(started)).filter(isThere);
  const rows: RaceRow[] = [];
  for (const starter of starters) {
    const what = `latency ${starter.entrant.contestant.title}`;
    rows.push(...((await attempt(report, what, () => latencyOf(world, starter))) ?? []));
  }
  await Promise.all(starters.map(({ entrant }) => entrant.stop()));
  return rows;
}

interface Starter {
  readonly entrant: Entrant;
  readonly stream: string;
}

async function startTimed(world: RaceWorld, contestant: Contestant): Promise<Starter> {
  const stream = world.newName('latency');
  await world.streams.create(stream, SHARDS);
  const entrant = world.enter({ contestant, stream, application: stream, isTimed: true });
  // One key of each shard, or more.
  await world.streams.put(
    stream,
    Array.from({ length: 40 }, (_, id) => id),
  );
  await entrant.until(() => entrant.reports.handled === 40, contestant.startLimitMs, 'first records of all shards');
  return { entrant, stream };
}

async function latencyOf(world: RaceWorld, { entrant, stream }: Starter): Promise<RaceRow[]> {
  const { reports, contestant } = entrant;
  const feeder = new Feeder(world.streams, stream, RECORDS_PER_SECOND);
  await sleep(WARM_UP_MS);
  const before = { batches: reports.batches.length, cpuMs: entrant.cpuMs(), polls: await world.streams.polls(stream) };
  await sleep(MEASURED_MS);
  const polls = (await world.streams.polls(stream)) - before.polls;
  const cpuMs = entrant.cpuMs() - before.cpuMs;
  const latenciesMs = reports.batches.slice(before.batches).flatMap((batch) => batch.latenciesMs ?? []);
  await feeder.stop();
  world.context.report.progress(`latency ${contestant.title}: ${latenciesMs.length} records`);
  return [
    ...rowsOf(contestant, 'put to handler, 100 records/s', { ms: latenciesMs }),
    ...rowsOf(contestant, 'put to handler, 100 records/s', {
      callsPerShardSecond: [polls / SHARDS / (MEASURED_MS / 1_000)],
      percentOfCore: [(cpuMs / MEASURED_MS) * 100],
    }),
  ];
}

async function idleRows(world: RaceWorld, contestants: readonly Contestant[]): Promise<RaceRow[]> {
  const { report } = world.context;
  const found = contestants.map((contestant) =>
    attempt(report, `idle ${contestant.title}`, () => idleOf(world, contestant)),
  );
  return (await Promise.all(found)).filter(isThere).flat();
}

async function idleOf(world: RaceWorld, contestant: Contestant): Promise<RaceRow[]> {
  const { idleShards } = contestant;
  const proxy = await startFaultProxy(world.context.stack.dynamodbEndpoint);
  try {
    const stream = world.newName('idle');
    await world.streams.create(stream, idleShards);
    const entrant = world.enter({ contestant, stream, application: stream, dynamodbEndpoint: proxy.endpoint });
    await world.streams.untilPolled(stream, idleShards * 2, contestant.startLimitMs);
    await sleep(IDLE_SETTLE_MS);
    const cpuBefore = entrant.cpuMs();
    const before = countsOf(proxy);
    const polls = await world.streams.polls(stream);
    await sleep(IDLE_MS);
    const after = countsOf(proxy);
    const perShardMinute = (count: number): number => (count / idleShards) * (MINUTE_MS / IDLE_MS);
    const rows = rowsOf(contestant, `idle, ${idleShards} shards`, {
      dynamodbWritesPerShardMinute: [perShardMinute(after.writes - before.writes)],
      dynamodbRequestsPerShardMinute: [perShardMinute(after.all - before.all)],
      getRecordsPerShardSecond: [perShardMinute((await world.streams.polls(stream)) - polls) / 60],
      percentOfCore: [((entrant.cpuMs() - cpuBefore) / IDLE_MS) * 100],
      peakRssMb: [entrant.peakRssMb()],
    });
    await entrant.killed();
    return rows;
  } finally {
    await proxy.close();
  }
}

function countsOf({ requests }: FaultProxy): { writes: number; all: number } {
  const count = (operation: string): number => requests.count(operation);
  const sum = (operations: readonly string[]): number => operations.reduce((total, name) => total + count(name), 0);
  return { writes: sum(WRITES), all: requests.total - sum(CONTROL) };
}
