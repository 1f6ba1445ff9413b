import Table from 'cli-table3';

export const PLAIN = { head: [], border: [] };

/** One row for each fact. */
export function factsTable(rows: Readonly<Record<string, string | number>>): string {
  const table = new Table({ style: PLAIN });
  for (const [name, value] of Object.entries(rows)) table.push({ [name]: value });
  return table.toString();
}

export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? 'unknown' : `${Math.round(ms)} ms`;
}

export function seconds(ms: number | undefined): string {
  return ms === undefined ? 'unknown' : `${(ms / 1_000).toFixed(1)} s`;
}
