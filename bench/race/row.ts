import { figureOf, quantile, type Figure } from '../measure/statistics';
import type { Contestant } from './contestant';

/** What the race says in one figure of one contestant; one line of JSON. */
export interface RaceRow {
  readonly bench: 'race';
  readonly contestant: string;
  readonly version: string;
  readonly scenario: string;
  /** With its unit in its name. */
  readonly figure: string;
  readonly spread: Spread;
}

interface Spread extends Figure {
  readonly p99?: number;
}

export function rowsOf(
  { title, version }: Contestant,
  scenario: string,
  figures: Readonly<Record<string, readonly number[]>>,
): RaceRow[] {
  return Object.entries(figures)
    .map(([figure, runs]) => [figure, runs.filter(Number.isFinite)] as const)
    .filter(([, runs]) => runs.length > 0)
    .map(([figure, runs]) => ({
      bench: 'race',
      contestant: title,
      version,
      scenario,
      figure,
      spread:
        runs.length < 10 ? figureOf(runs) : { ...figureOf(runs), p99: Number(quantile(runs, 0.99).toPrecision(4)) },
    }));
}
