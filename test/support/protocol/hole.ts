import type { Protocol } from './protocol';
import { drain } from './drain';
import type { Invariant } from './ledger';
import { Simulation, type SimulationOptions } from './simulation';

/** A scripted interleaving that once broke the protocol, and the variant that it still breaks. */
export interface Hole {
  readonly name: string;
  readonly options: Omit<SimulationOptions, 'protocol'>;
  readonly play: (simulation: Simulation) => Promise<void>;
  readonly flawed: Protocol;
  /** What the flaw breaks. */
  readonly breaks: Invariant;
  /** Faults in the script, for the bound on repetitions. */
  readonly faults: number;
}

/** Plays the script, then lets everything run to its end without another fault. */
export async function playHole({ options, play, faults }: Hole, protocol: Protocol): Promise<Simulation> {
  const simulation = new Simulation({ ...options, protocol });
  await play(simulation);
  await drain(simulation);
  const { records, ledger } = simulation;
  const most = Math.max(...records.map((record) => ledger.handlings(record).length));
  if (most > 1 + 2 * faults) ledger.violate('bound', `a record was handled ${most} times after ${faults} faults`);
  return simulation;
}
