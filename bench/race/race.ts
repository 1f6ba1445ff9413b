import type { BenchContext } from '../scenarios/bench-context';
import { attempt } from './attempt';
import type { Contestant } from './contestant';
import { CONTESTANTS } from './contestants';
import { newestRows, readRows } from './earlier-rows';
import { raceTable } from './markdown';
import { RaceWorld } from './race-world';
import type { RaceRow } from './row';
import { lifeOfQuick, lifeOfSlow } from './scenarios/life';
import { quiet } from './scenarios/quiet';
import { throughput } from './scenarios/throughput';

export interface RaceOptions {
  /** By id; default: all that can take part on this machine. */
  readonly contestants?: readonly string[];
  readonly scenarios?: readonly string[];
  /** Files of results of earlier runs: their rows are in the table where this run has none. */
  readonly earlier?: readonly string[];
}

interface Scenario {
  readonly name: string;
  readonly run: (world: RaceWorld, contestants: readonly Contestant[]) => Promise<RaceRow[]>;
}

/** One after the other: what they measure wants the machine, and so do the JVMs that start again and again in the lives of the slow. */
const IN_TURN: readonly Scenario[] = [
  { name: 'throughput', run: throughput },
  { name: 'life', run: lifeOfQuick },
  { name: 'quiet', run: quiet },
  { name: 'life', run: lifeOfSlow },
];

export const SCENARIO_NAMES = [...new Set(IN_TURN.map(({ name }) => name))];
export const CONTESTANT_IDS = CONTESTANTS.map(({ id }) => id);

/** Tidemark and its rivals on the same streams, in turns; ends with the table in Markdown. */
export async function race(context: BenchContext, options: RaceOptions): Promise<void> {
  const earlier = readRows(options.earlier ?? []);
  const contestants = await lineUp(context, options);
  const isWanted = ({ name }: Scenario): boolean => options.scenarios?.includes(name) ?? true;
  const found: RaceRow[] = [];
  for (const scenario of IN_TURN.filter(isWanted)) found.push(...(await runAndReport(context, scenario, contestants)));
  const rows = newestRows([...earlier, ...found]);
  const shown = CONTESTANTS.filter(({ title }) => rows.some(({ contestant }) => contestant === title));
  context.report.text(raceTable(shown, rows));
}

async function runAndReport(
  context: BenchContext,
  scenario: Scenario,
  contestants: readonly Contestant[],
): Promise<RaceRow[]> {
  const rows = (await attempt(context.report, scenario.name, () => runOne(context, scenario, contestants))) ?? [];
  context.report.addRows(rows);
  return rows;
}

async function runOne(
  context: BenchContext,
  { run }: Scenario,
  contestants: readonly Contestant[],
): Promise<RaceRow[]> {
  const world = await RaceWorld.start(context);
  try {
    return await run(world, contestants);
  } finally {
    await world.stop();
  }
}

/** Those that are wanted and can be had. */
async function lineUp({ report }: BenchContext, { contestants: ids }: RaceOptions): Promise<Contestant[]> {
  const found: Contestant[] = [];
  for (const contestant of CONTESTANTS.filter(({ id, isExtra }) => ids?.includes(id) ?? !isExtra)) {
    try {
      await contestant.prepare((line) => report.progress(line));
      found.push(contestant);
    } catch (error) {
      report.progress(`without ${contestant.title}: ${String(error)}`);
    }
  }
  return found;
}
