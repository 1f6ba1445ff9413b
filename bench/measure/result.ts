import { figureOf, type Figure } from './statistics';

/** What one benchmark says of one subject; one line of JSON. */
export interface Result {
  readonly bench: string;
  readonly subject: string;
  /** What the subject was made to do. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** Each with its unit in its name. */
  readonly figures: Readonly<Record<string, Figure>>;
}

/** One run's figures. */
export type Run = Readonly<Record<string, number>>;

/** Runs of one subject as a result; figures that a run could not measure are left out. */
export function resultOf(head: Omit<Result, 'figures'>, runs: readonly Run[]): Result {
  const names = Object.keys(runs[0] ?? {}).filter((name) => runs.every((run) => Number.isFinite(run[name])));
  const figures = names.map((name) => [name, figureOf(runs.map((run) => run[name] ?? Number.NaN))] as const);
  return { ...head, figures: Object.fromEntries(figures) };
}
