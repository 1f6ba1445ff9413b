import type { HealthReport } from '../../worker/health-report';
import type { SlotState } from './slot';

/** What a process answers to a probe; undefined: nothing in time. */
export type ProbeAnswer = { readonly isOk: boolean; readonly reasons: readonly string[] } | undefined;

export interface ProbedProcess {
  readonly process: number;
  readonly state: SlotState;
  /** How long it has been in this state, milliseconds. */
  readonly forMs: number;
  /** Of a process that works. */
  readonly answer?: ProbeAnswer;
}

/** A consumer file that never loads and a connection that never comes must not pass for a start for ever. */
export const MAX_START_MS = 120_000;

/**
 * Whether a restart of all processes would help. One that has ended is started again by the supervisor, so it counts as live; one that
 * hangs, in its start or at its work, does not, because the supervisor leaves it alone.
 */
export function reportAllLive(processes: readonly ProbedProcess[]): HealthReport {
  const reasons = processes.flatMap(({ process, state, forMs, answer }) => {
    if (state === 'starting' && forMs > MAX_START_MS)
      return [`process ${process} has been starting for ${Math.round(forMs / 1_000)} s`];
    return state === 'working' && !answer?.isOk ? reasonsOf(process, answer) : [];
  });
  const isOk = reasons.length === 0;
  return { isOk, body: { status: isOk ? 'ok' : 'stuck', reasons, processes: processes.map(described) } };
}

/** Whether any process takes work: the shards of one that does not go to the others. */
export function reportAnyReady(processes: readonly ProbedProcess[], isStopping: boolean): HealthReport {
  const isOk = !isStopping && processes.some(({ state, answer }) => state === 'working' && answer?.isOk);
  const reasons = isStopping ? ['the processes stop'] : processes.flatMap(whyUnready);
  return { isOk, body: { status: isOk ? 'ready' : 'unready', reasons, processes: processes.map(described) } };
}

function whyUnready({ process, state, answer }: ProbedProcess): string[] {
  if (state !== 'working') return [`process ${process} is ${state}`];
  return answer?.isOk ? [] : reasonsOf(process, answer);
}

function reasonsOf(process: number, answer: ProbeAnswer): string[] {
  if (answer === undefined) return [`process ${process} does not answer`];
  const reasons = answer.reasons.length === 0 ? ['it does not say why'] : answer.reasons;
  return reasons.map((reason) => `process ${process}: ${reason}`);
}

function described({ process, state, answer }: ProbedProcess): Readonly<Record<string, unknown>> {
  return { process, state, ...(state === 'working' ? { isOk: answer?.isOk ?? false } : {}) };
}
