import { carryOut, type FaultWorld } from './faults';
import { describeFault, type Step } from './schedule';
import { waitUntil } from './wait';

export interface FaultPlan {
  readonly steps: readonly Step[];
  /** Records of the whole run. */
  readonly records: number;
  /** How long the producer takes for its share of records between two steps, milliseconds. */
  readonly stepMs: number;
}

export interface FaultStepsWorld {
  readonly faults: FaultWorld;
  readonly producer: { readonly puts: number; allow(records: number): void };
  /** Waits for progress made after the call. */
  readonly untilRenewed: () => Promise<void>;
  readonly note: (line: string) => void;
}

/** Records that the producer puts each second while it may. */
export function paceOf(plan: FaultPlan): number {
  return (recordsOfStep(plan) * 1_000) / plan.stepMs;
}

/** Carries out one step of faults after the other, each in the middle of its share of the records, and waits for progress after each. */
export async function takeSteps(
  plan: FaultPlan,
  { faults, producer, untilRenewed, note }: FaultStepsWorld,
): Promise<void> {
  const share = recordsOfStep(plan);
  // The producer may be one step ahead, so that it puts while faults happen and does not leave the last ones without records.
  const allowUntil = (step: number): void => producer.allow(Math.ceil((step + 0.5) * share));
  allowUntil(1);
  for (const [index, step] of plan.steps.entries()) {
    const records = Math.floor((index + 0.5) * share);
    await waitUntil(() => producer.puts >= records, {
      timeoutMs: 10 * plan.stepMs + 60_000,
      what: () => `${records} records to be put; ${producer.puts} are`,
      signal: faults.signal,
    });
    note(`step ${index + 1} of ${plan.steps.length}: ${step.map(describeFault).join(', ')}`);
    await Promise.all(step.map((fault) => carryOut(faults, fault)));
    await untilRenewed();
    allowUntil(index + 2);
  }
  allowUntil(Infinity);
}

function recordsOfStep({ records, steps }: FaultPlan): number {
  return records / (steps.length + 1);
}
