import fc from 'fast-check';
import type { Attempt } from './attempt';
import { ParkedCall } from './parked';
import type { Simulation } from './simulation';

export type FaultKind =
  | 'network'
  | 'crash'
  | 'zombie'
  | 'reset'
  | 'lostWorkflow'
  | 'rowDeleted'
  | 'tableRestored'
  | 'dispatchedTwice'
  | 'rewind'
  | 'refusal';

const MAX_LIVE = 3;

/** What the scheduler or the adversary does next. `pick` chooses among what it can be done to. */
export interface Command {
  readonly does: CommandName;
  readonly pick: number;
}

interface CommandKind {
  readonly weight: number;
  /** Fault that it is, if it hits. */
  readonly fault?: FaultKind;
  /** Number of faults that it was: 0 if there was nothing to do it to. */
  readonly apply: (simulation: Simulation, pick: number) => Promise<number> | number;
}

const chosen = <T>(from: readonly T[], pick: number): T | undefined => from[pick % Math.max(from.length, 1)];
const awake = ({ live }: Simulation): Attempt[] => live.filter(({ isFrozen }) => !isFrozen);
const hasRoom = ({ live, temporal }: Simulation): boolean => live.length < MAX_LIVE && !temporal.isFinished;

function inCall(simulation: Simulation, isExecuted: boolean): Attempt[] {
  return awake(simulation).filter(({ parked }) => parked instanceof ParkedCall && parked.isExecuted === isExecuted);
}

async function lose(simulation: Simulation, pick: number, isExecuted: boolean, isLate = false): Promise<number> {
  const attempt = chosen(inCall(simulation, isExecuted), pick);
  if (!attempt) return 0;
  await simulation.loseAnswer(attempt, isLate);
  return 1;
}

const kinds = {
  run: {
    weight: 30,
    apply: async (simulation, pick) => {
      const attempt = chosen(awake(simulation), pick);
      for (let steps = 0; attempt && steps <= pick % 7; steps += 1) await simulation.advance(attempt);
      return 0;
    },
  },
  freeze: {
    weight: 4,
    apply: async (simulation, pick) => {
      const attempt = chosen(awake(simulation), pick);
      if (!attempt) return 0;
      // Just before something that matters, where a freeze hurts most.
      await simulation.until(attempt, chosen(['commit', 'claim', 'handle', 'report'] as const, pick >> 2) ?? 'commit');
      attempt.isFrozen = true;
      return 0;
    },
  },
  thaw: {
    weight: 2,
    apply: ({ live }, pick) => {
      const frozen = chosen(
        live.filter(({ isFrozen }) => isFrozen),
        pick,
      );
      if (frozen) frozen.isFrozen = false;
      return 0;
    },
  },
  cancel: {
    weight: 1,
    apply: (simulation, pick) => {
      const attempt = chosen(simulation.live, pick);
      if (attempt) attempt.isStopping = true;
      return 0;
    },
  },
  loseRequest: { weight: 2, fault: 'network', apply: (simulation, pick) => lose(simulation, pick, false) },
  loseReply: { weight: 2, fault: 'network', apply: (simulation, pick) => lose(simulation, pick, true) },
  delayRequest: { weight: 3, fault: 'network', apply: (simulation, pick) => lose(simulation, pick, false, true) },
  deliverLate: { weight: 3, apply: (simulation, pick) => simulation.deliverLate(pick).then(() => 0) },
  crash: {
    weight: 3,
    fault: 'crash',
    apply: (simulation, pick) => {
      const attempt = chosen(simulation.live, pick);
      if (!attempt) return 0;
      if (attempt.parked instanceof ParkedCall && !attempt.parked.isExecuted && pick % 2 === 0)
        simulation.late.push(attempt.parked.execute);
      simulation.crash(attempt);
      return 1;
    },
  },
  passDeadline: {
    weight: 2,
    fault: 'crash',
    apply: async (simulation, pick) => {
      const attempt = chosen(
        simulation.live.filter(({ parked }) => parked?.label === 'sleep'),
        pick,
      );
      if (attempt) await simulation.passDeadline(attempt);
      return attempt ? 1 : 0;
    },
  },
  timeOut: {
    weight: 4,
    fault: 'zombie',
    apply: (simulation) => {
      if (!hasRoom(simulation)) return 0;
      const zombies = simulation.current.length;
      simulation.timeOut();
      return zombies;
    },
  },
  dispatchTwice: {
    weight: 1,
    fault: 'dispatchedTwice',
    apply: (simulation) => {
      if (!hasRoom(simulation)) return 0;
      simulation.temporal.dispatchAgain();
      return 1;
    },
  },
  reset: {
    weight: 2,
    fault: 'reset',
    apply: (simulation, pick) => {
      if (!hasRoom(simulation)) return 0;
      simulation.temporal.reset(pick);
      return 1;
    },
  },
  loseWorkflow: {
    weight: 1,
    fault: 'lostWorkflow',
    apply: (simulation) => {
      if (!hasRoom(simulation)) return 0;
      simulation.temporal.lose();
      return 1;
    },
  },
  deleteRow: {
    weight: 2,
    fault: 'rowDeleted',
    apply: ({ table, temporal }) => {
      if (temporal.isFinished || !table.row) return 0;
      table.delete();
      return 1;
    },
  },
  restoreTable: {
    weight: 2,
    fault: 'tableRestored',
    apply: ({ table, temporal }, pick) => {
      const row = chosen(table.past, pick);
      if (temporal.isFinished || !row) return 0;
      table.restore(row);
      return 1;
    },
  },
  refuseEffects: {
    weight: 2,
    fault: 'refusal',
    apply: ({ table }) => {
      table.refusals += 1;
      return 1;
    },
  },
  orderMove: {
    weight: 2,
    fault: 'rewind',
    // A finished shard is not rewound, but started anew: that is another operation.
    apply: (simulation, pick) => (simulation.protocol.knowsMoves && simulation.order(pick) ? 1 : 0),
  },
} as const satisfies Record<string, CommandKind>;

export type CommandName = keyof typeof kinds;

export type FaultCounts = Record<FaultKind, number>;

export function noFaults(): FaultCounts {
  return {
    network: 0,
    crash: 0,
    zombie: 0,
    reset: 0,
    lostWorkflow: 0,
    rowDeleted: 0,
    tableRestored: 0,
    dispatchedTwice: 0,
    rewind: 0,
    refusal: 0,
  };
}

/** Applies a command and counts the faults that it was. */
export async function apply(simulation: Simulation, { does, pick }: Command, counts: FaultCounts): Promise<void> {
  const kind: CommandKind = kinds[does];
  const faults = await kind.apply(simulation, pick);
  if (kind.fault) counts[kind.fault] += faults;
  if (kind.fault && faults > 0) simulation.ledger.log.push(`FAULT ${does}`);
}

export function faultOf(name: CommandName): FaultKind | undefined {
  const kind: CommandKind = kinds[name];
  return kind.fault;
}

/** Commands of which every fault is of an allowed kind. */
export function commandsWith(allowed: readonly FaultKind[]): fc.Arbitrary<Command> {
  const names = (Object.keys(kinds) as CommandName[]).filter((name) => {
    const fault = faultOf(name);
    return fault === undefined || allowed.includes(fault);
  });
  const choices = names.map((name) => ({
    weight: kinds[name].weight,
    arbitrary: fc.record({ does: fc.constant(name), pick: fc.nat(41) }),
  }));
  return fc.oneof(...choices);
}
