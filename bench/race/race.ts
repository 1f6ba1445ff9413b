import type { BenchContext } from '../scenarios/bench-context';
import type { Contestant } from './contestant';
import { CONTESTANTS } from './contestants';
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
}

interface Scenario {
  readonly name: string;
  readonly run: (world: RaceWorld, contestants: readonly Contestant[]) => Promise<RaceRow[]>;
}

/** One step after the other; those of one step at the same time, because they mostly wait. */
const STEPS: readonly (readonly Scenario[])[] = [
  [{ name: 'throughput', run: throughput }],
  [{ name: 'life', run: lifeOfQuick }],
  [
    { name: 'quiet', run: quiet },
    { name: 'life', run: lifeOfSlow },
  ],
];

export const SCENARIO_NAMES = [...new Set(STEPS.flat().map(({ name }) => name))];
export const CONTESTANT_IDS = CONTESTANTS.map(({ id }) => id);

/** Tidemark and its rivals on the same streams, in turns; ends with the table in Markdown. */
export async function race(context: BenchContext, options: RaceOptions): Promise<void> {
  const contestants = await lineUp(context, options);
  const rows: RaceRow[] = [];
  for (const step of STEPS) {
    const scenarios = step.filter(({ name }) => options.scenarios?.includes(name) ?? true);
    if (scenarios.length > 0) rows.push(...(await runStep(context, scenarios, contestants)));
  }
  context.report.text(raceTable(contestants, rows));
}

async function runStep(
  context: BenchContext,
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
): Promise<RaceRow[]> {
  const world = await RaceWorld.start(context);
  try {
    const found = await Promise.all(scenarios.map(({ run }) => run(world, contestants)));
    context.report.addRows(found.flat());
    return found.flat();
  } finally {
    await world.stop();
  }
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
