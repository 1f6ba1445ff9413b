import type { FaultCounts, FaultKind } from './adversary';
import { totalFaults, type Bound } from './property';

/** Faults that leave the workflow run and the row alone. */
export const withinRun: readonly FaultKind[] = ['network', 'crash', 'zombie'];

export const anyFault: readonly FaultKind[] = [
  ...withinRun,
  'reset',
  'lostWorkflow',
  'rowDeleted',
  'tableRestored',
  'dispatchedTwice',
];

const withoutNetwork = (counts: FaultCounts): number => totalFaults(counts) - counts.network;

/** Crashes and zombies within a run: each repeats a record once at most. Lost and delayed answers repeat nothing. */
export const onePerFault: Bound = (counts) => 1 + withoutNetwork(counts);

/** All kinds of faults together. */
export const twoPerFault: Bound = (counts) => 1 + 2 * withoutNetwork(counts);

/** And each move back repeats what it moves over. */
export const twoPerFaultAndRewinds: Bound = (counts) =>
  1 + 2 * (withoutNetwork(counts) - counts.rewind) + counts.rewind;
