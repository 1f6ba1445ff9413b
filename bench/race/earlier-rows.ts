import { readFileSync } from 'node:fs';
import type { RaceRow } from './row';

/** Rows of earlier runs, from their files of results. */
export function readRows(files: readonly string[]): RaceRow[] {
  return files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Partial<RaceRow>)
      .filter((row): row is RaceRow => row.bench === 'race'),
  );
}

/** The newest row of each contestant, scenario and figure: later ones take the place of earlier ones. */
export function newestRows(rows: readonly RaceRow[]): RaceRow[] {
  return [...new Map(rows.map((row) => [`${row.contestant}\n${row.scenario}\n${row.figure}`, row])).values()];
}
