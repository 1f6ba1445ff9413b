/** A figure of repeated runs. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

export function figureOf(runs: readonly number[]): Figure {
  const rounded = runs.map(toFourDigits);
  return {
    median: toFourDigits(quantile(runs, 0.5)),
    min: Math.min(...rounded),
    max: Math.max(...rounded),
    runs: rounded,
  };
}

/** Linear interpolation between the nearest two values; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** More digits than the spread of any run here would only look exact. */
function toFourDigits(value: number): number {
  return Number(value.toPrecision(4));
}
