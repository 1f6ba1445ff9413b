import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, isThere } from '../attempt';
import type { Contestant } from '../contestant';
import type { Entrant } from '../entrant';
import type { CommitReport } from '../messages';
import { Feeder } from '../race-streams';
import type { RaceWorld } from '../race-world';
import { rowsOf, type RaceRow } from '../row';

const SHARDS = 4;
const RECORDS_PER_SECOND = 100;
const SETTLE_MS = 2_000;
/** Until what was put is surely handled. */
const DRAIN_LIMIT_MS = 60_000;

/** One contestant's workers over their lives, one after the other, on one stream that goes on. */
interface Life {
  readonly world: RaceWorld;
  readonly contestant: Contestant;
  readonly stream: string;
  readonly entrants: Entrant[];
  readonly figures: Record<string, number[]>;
}

type Step = Pick<CommitReport, 'shard' | 'atNs'>;
type End = 'SIGTERM' | 'SIGKILL';

const SLOW_FAILOVER_MS = 60_000;

/** First start, start again, hand-over and failover of those that are done in two minutes, one after the other. */
export async function lifeOfQuick(world: RaceWorld, contestants: readonly Contestant[]): Promise<RaceRow[]> {
  const rows: RaceRow[] = [];
  for (const contestant of contestants.filter((candidate) => hasLife(candidate) && !isSlow(candidate)))
    rows.push(...((await lifeOf(world, contestant)) ?? []));
  return rows;
}

/** The same of the others, all at once. */
export async function lifeOfSlow(world: RaceWorld, contestants: readonly Contestant[]): Promise<RaceRow[]> {
  const slow = contestants.filter((candidate) => hasLife(candidate) && isSlow(candidate));
  const found = await Promise.all(slow.map((contestant) => lifeOf(world, contestant)));
  return found.filter(isThere).flat();
}

function hasLife({ isVariant }: Contestant): boolean {
  return !isVariant;
}

function isSlow({ failoverLimitMs }: Contestant): boolean {
  return failoverLimitMs > SLOW_FAILOVER_MS;
}

function lifeOf(world: RaceWorld, contestant: Contestant): Promise<RaceRow[] | undefined> {
  return attempt(world.context.report, `life ${contestant.title}`, () => live(world, contestant));
}

async function live(world: RaceWorld, contestant: Contestant): Promise<RaceRow[]> {
  const stream = world.newName('life');
  await world.streams.create(stream, SHARDS);
  const feeder = new Feeder(world.streams, stream, RECORDS_PER_SECOND);
  const now: Life = { world, contestant, stream, entrants: [], figures: {} };
  try {
    const first = enter(now, true);
    note(now, 'firstStartToRecordMs', await first.firstRecordMs());
    if (contestant.isDurable) await durable(now, first);
    await feeder.stop();
    await noteRepeats(now, feeder.count);
  } finally {
    await feeder.stop();
    await Promise.all(now.entrants.map((entrant) => entrant.killed()));
  }
  world.context.report.progress(`life ${contestant.title}: ${JSON.stringify(now.figures)}`);
  return rowsOf(contestant, 'life of a worker', now.figures);
}

async function durable(now: Life, first: Entrant): Promise<void> {
  await untilAllShards(first, first.reports.batches.length);
  await first.stop();
  const again = enter(now, false);
  note(now, 'restartToRecordMs', await again.firstRecordMs());
  let current = again;
  await untilAllShards(current, 0);
  for (let count = 0; count < now.contestant.handOvers; count += 1)
    current = await replace(now, current, 'SIGTERM', 'handOverMs');
  for (let count = 0; count < now.contestant.kills; count += 1)
    current = await replace(now, current, 'SIGKILL', 'failoverMs');
}

/** A second worker comes, the first one goes: how long each of its shards was without a commit. */
async function replace(now: Life, current: Entrant, end: End, figure: string): Promise<Entrant> {
  const next = enter(now, false);
  await sleep(now.contestant.standByMs);
  const shards = shardsOf(current, next);
  const before = stepsOf(next).length;
  const endedNs = process.hrtime.bigint();
  const gone = end === 'SIGKILL' ? current.killed() : current.stop();
  const firstOf = (shard: string): Step | undefined =>
    stepsOf(next)
      .slice(before)
      .find((step) => step.shard === shard && BigInt(step.atNs) > endedNs);
  const isDone = (): boolean => shards.every((shard) => firstOf(shard) !== undefined);
  await next.until(isDone, now.contestant.failoverLimitMs, `go-on of ${shards.join(', ')} after ${end}`);
  await gone;
  for (const shard of shards) note(now, figure, Number(BigInt(firstOf(shard)?.atNs ?? 0) - endedNs) / 1e6);
  await untilAllShards(next, stepsOf(next).length);
  await sleep(SETTLE_MS);
  return next;
}

/** Shards whose last step was the current worker's. */
function shardsOf(current: Entrant, next: Entrant): string[] {
  const last = new Map<string, { atNs: bigint; isCurrent: boolean }>();
  for (const [entrant, isCurrent] of [
    [current, true],
    [next, false],
  ] as const) {
    for (const { shard, atNs } of stepsOf(entrant))
      if (BigInt(atNs) > (last.get(shard)?.atNs ?? 0n)) last.set(shard, { atNs: BigInt(atNs), isCurrent });
  }
  return [...last].filter(([, { isCurrent }]) => isCurrent).map(([shard]) => shard);
}

/** Commits; of one that does not report them, batches that were handled. */
function stepsOf({ reports, contestant }: Entrant): readonly Step[] {
  return contestant.reportsCommits ? reports.commits : reports.batches;
}

async function untilAllShards(entrant: Entrant, from: number): Promise<void> {
  const shards = (): number =>
    new Set(
      stepsOf(entrant)
        .slice(from)
        .map(({ shard }) => shard),
    ).size;
  await entrant.until(() => shards() === SHARDS, entrant.contestant.startLimitMs, 'work on all shards');
}

function enter({ world, contestant, stream, entrants }: Life, isFirst: boolean): Entrant {
  const entrant = world.enter({ contestant, stream, application: stream, isTimed: true, isFirst });
  entrants.push(entrant);
  return entrant;
}

function note({ figures }: Life, name: string, value: number): void {
  figures[name] = [...(figures[name] ?? []), value];
}

/** Records that were handled more than once, and those that never were. */
async function noteRepeats(now: Life, put: number): Promise<void> {
  const timesOf = (): Map<number, number> => {
    const times = new Map<number, number>();
    for (const { reports } of now.entrants)
      for (const id of reports.batches.flatMap(({ ids = [] }) => ids)) times.set(id, (times.get(id) ?? 0) + 1);
    return times;
  };
  const endMs = performance.now() + DRAIN_LIMIT_MS;
  while (timesOf().size < put && performance.now() < endMs && now.contestant.isDurable) await sleep(500);
  const times = timesOf();
  if (!now.contestant.isDurable) return;
  note(
    now,
    'handledTwice',
    [...times.values()].reduce((sum, count) => sum + count - 1, 0),
  );
  note(now, 'neverHandled', put - times.size);
}
