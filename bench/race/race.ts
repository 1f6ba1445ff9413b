import type { BenchContext } from '../scenarios/bench-context';
import type { Contestant } from './contestant';
import { CONTESTANTS } from './contestants';
import { raceTable } from './markdown';
import { RaceWorld } from './race-world';
import type { RaceRow } from './row';
import { life } from './scenarios/life';
import { quiet } from './scenarios/quiet';
import { throughput } from './scenarios/throughput';

export interface RaceOptions {
  /** By id; default: all that can take part on this machine. */
  readonly contestants?: readonly string[];
  readonly scenarios?: readonly string[];
}

type Scenario = (world: RaceWorld, contestants: readonly Contestant[]) => Promise<RaceRow[]>;

const SCENARIOS: Readonly<Record<string, Scenario>> = { throughput, quiet, life };

export const SCENARIO_NAMES = Object.keys(SCENARIOS);
export const CONTESTANT_IDS = CONTESTANTS.map(({ id }) => id);

/** Tidemark and its rivals on the same streams, in turns; ends with the table in Markdown. */
export async function race(context: BenchContext, options: RaceOptions): Promise<void> {
  const contestants = await lineUp(context, options);
  const rows: RaceRow[] = [];
  for (const name of options.scenarios ?? SCENARIO_NAMES) {
    const world = await RaceWorld.start(context);
    try {
      const found = (await SCENARIOS[name]?.(world, contestants)) ?? [];
      context.report.addRows(found);
      rows.push(...found);
    } finally {
      await world.stop();
    }
  }
  context.report.text(raceTable(contestants, rows));
}

/** Those that are wanted and can be had. */
async function lineUp({ report }: BenchContext, { contestants: ids }: RaceOptions): Promise<Contestant[]> {
  const found: Contestant[] = [];
  for (const contestant of CONTESTANTS.filter(({ id }) => ids?.includes(id) ?? true)) {
    try {
      await contestant.prepare((line) => report.progress(line));
      found.push(contestant);
    } catch (error) {
      report.progress(`without ${contestant.title}: ${String(error)}`);
    }
  }
  return found;
}
