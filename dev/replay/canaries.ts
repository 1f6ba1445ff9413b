/** What the records of recorded scenarios contain: it must be found in no history. */
export const CANARIES = ['canary-in-data', 'canary-in-key'] as const;

export function recordData(index: number): string {
  return `${CANARIES[0]}-${index}`;
}

export function recordKey(index: number): string {
  return `${CANARIES[1]}-${index % 4}`;
}
