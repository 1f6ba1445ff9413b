import type { Amount, Amounts } from './sink';
import type { Violations } from './violations';

const NOTHING: Amount = { records: 0, total: 0, mix: 0 };

/** How far a sink is from its input, in records. */
export interface SumsReport {
  readonly records: number;
  readonly missing: number;
  readonly surplus: number;
}

/** EFFECTS: the counters of a sink equal its input, key by key. */
export function checkSums(
  { sink, expected, found }: { readonly sink: string; readonly expected: Amounts; readonly found: Amounts },
  violations: Pick<Violations<'EFFECTS'>, 'add'>,
): SumsReport {
  let missing = 0;
  let surplus = 0;
  let records = 0;
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const wanted = expected.get(key) ?? NOTHING;
    const got = found.get(key) ?? NOTHING;
    records += got.records;
    missing += Math.max(0, wanted.records - got.records);
    surplus += Math.max(0, got.records - wanted.records);
    if (isSame(wanted, got)) continue;
    const message = `sink ${sink}, key ${key}: ${describe(got)} instead of ${describe(wanted)}`;
    violations.add({ invariant: 'EFFECTS', key, ids: [sink, key], message });
  }
  return { records, missing, surplus };
}

function isSame(a: Amount, b: Amount): boolean {
  return a.records === b.records && a.total === b.total && a.mix === b.mix;
}

function describe({ records, total, mix }: Amount): string {
  return `${records} records of sum ${total} (mix ${mix})`;
}
