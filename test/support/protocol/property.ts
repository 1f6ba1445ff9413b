import fc from 'fast-check';
import { apply, commandsWith, faultOf, noFaults, type Command, type FaultCounts, type FaultKind } from './adversary';
import { drain } from './drain';
import type { Violation } from './ledger';
import type { Protocol } from './protocol';
import { Simulation } from './simulation';

export interface Scenario {
  readonly records: number;
  readonly batchSizes: readonly number[];
  readonly batchesPerSlice: number;
  readonly activitiesPerRun: number;
  readonly knowsDeadline: boolean;
  readonly dropsLate: boolean;
  readonly maxFaults: number;
  /** Kinds of faults that this scenario has at all: few kinds often reach deeper than all of them at once. */
  readonly faults: readonly FaultKind[];
  readonly commands: readonly Command[];
}

/** Largest number of times that one record may be handled after these faults. */
export type Bound = (counts: FaultCounts) => number;

export interface PropertyOptions {
  readonly protocol: Protocol;
  readonly faults: readonly FaultKind[];
  readonly bound: Bound;
  /** Continue-as-new is no fault, but a zombie of the run before is not told by the stale-claim check. */
  readonly continuesAsNew?: boolean;
}

class BrokenInvariant extends Error {
  constructor(
    readonly violation: Violation,
    log: readonly string[],
  ) {
    super([`${violation.invariant}: ${violation.what}`, ...log].join('\n'));
  }
}

export function violationOf(error: unknown): Violation | undefined {
  return error instanceof BrokenInvariant ? error.violation : undefined;
}

const MAX_NETWORK_FAULTS = 6;

export function scenarios(faults: readonly FaultKind[], continuesAsNew = false): fc.Arbitrary<Scenario> {
  return fc.record({
    records: fc.integer({ min: 3, max: 6 }),
    batchSizes: fc.tuple(
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 2 }),
    ),
    batchesPerSlice: fc.integer({ min: 1, max: 4 }),
    activitiesPerRun: continuesAsNew ? fc.integer({ min: 0, max: 2 }) : fc.constant(0),
    knowsDeadline: fc.boolean(),
    dropsLate: fc.boolean(),
    maxFaults: fc.integer({ min: 0, max: 4 }),
    faults: fc.subarray([...faults], { minLength: Math.min(2, faults.length) }),
    commands: fc.array(commandsWith(faults), { maxLength: 70, size: 'max' }),
  });
}

/** Runs a scenario to its end and checks every invariant on the way. */
export async function play(
  protocol: Protocol,
  scenario: Scenario,
): Promise<{ simulation: Simulation; counts: FaultCounts }> {
  const simulation = new Simulation({ protocol, ...scenario });
  const counts = noFaults();
  for (const command of scenario.commands) {
    if (isAllowed(command, counts, scenario)) await apply(simulation, command, counts);
  }
  await drain(simulation, { ...scenario, isLookedAfter: isMoveLostTwice(counts) });
  return { simulation, counts };
}

/** Neither the row nor the workflow knows a move any more: what the protocol cannot close (docs/commit-protocol.md). */
function isMoveLostTwice({ rewind, rowDeleted, tableRestored, lostWorkflow, reset }: FaultCounts): boolean {
  return rewind > 0 && rowDeleted + tableRestored > 0 && lostWorkflow + reset > 0;
}

export function property({
  protocol,
  faults,
  bound,
  continuesAsNew,
}: PropertyOptions): fc.IAsyncPropertyWithHooks<[Scenario]> {
  return fc.asyncProperty(scenarios(faults, continuesAsNew), async (scenario) => {
    const { simulation, counts } = await play(protocol, scenario);
    const { ledger, records } = simulation;
    for (const record of records) {
      const times = ledger.handlings(record).length;
      if (times > bound(counts)) ledger.violate('bound', `${record} was handled ${times} times`);
    }
    const isOnlyNetwork = totalFaults(counts) === counts.network;
    if (isOnlyNetwork && ledger.fences > 0) ledger.violate('neverFenced', 'fenced, although nobody else was there');
    const [violation] = ledger.violations;
    if (violation) throw new BrokenInvariant(violation, [JSON.stringify(counts), ...ledger.log]);
  });
}

export function totalFaults(counts: FaultCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function isAllowed({ does }: Command, counts: FaultCounts, { faults, maxFaults }: Scenario): boolean {
  const fault = faultOf(does);
  if (fault === undefined) return true;
  if (!faults.includes(fault)) return false;
  if (fault === 'network') return counts.network < MAX_NETWORK_FAULTS;
  return totalFaults(counts) - counts.network < maxFaults;
}
