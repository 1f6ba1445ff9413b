/** Numbers that ascend, as [first, last] of runs with the same step. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/** Collects ascending numbers: a batch of thousands of records becomes a few pairs. */
export class RangeBuilder {
  private readonly runs: [number, number][] = [];

  constructor(private readonly step: number) {}

  add(value: number): void {
    const run = this.runs.at(-1);
    if (run && value === run[1] + this.step) run[1] = value;
    else this.runs.push([value, value]);
  }

  get ranges(): Ranges {
    return this.runs;
  }
}

export function* valuesOf(ranges: Ranges, step: number): Generator<number> {
  for (const [first, last] of ranges) for (let value = first; value <= last; value += step) yield value;
}

export function includes(ranges: Ranges, value: number): boolean {
  return ranges.some(([first, last]) => first <= value && value <= last);
}
