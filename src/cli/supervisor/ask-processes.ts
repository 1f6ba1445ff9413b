import { mergeExpositions } from './merge-expositions';
import type { ProbeAnswer, ProbedProcess } from './process-health';
import { processMetrics } from './process-metrics';
import type { Slot } from './slot';

/** Milliseconds. Processes are asked at the same time, and who asks the supervisor waits a little longer: Prometheus 10 s, a kubelet as ops/kubernetes says. */
const TIMEOUT_MS = { '/metrics': 5_000, '/livez': 8_000, '/readyz': 3_000 } as const;

/** The metrics of all processes that answer, and of the supervisor itself. */
export async function collectMetrics(slots: readonly Slot[]): Promise<string> {
  const answers = await Promise.all(
    slots.map(async ({ number, restarts, addresses }) => ({
      process: String(number),
      restarts,
      text: addresses.metricsUrl === undefined ? undefined : await textOf(addresses.metricsUrl),
    })),
  );
  const expositions = answers.flatMap(({ process, text }) => (text === undefined ? [] : { process, text }));
  const own = answers.map(({ process, restarts, text }) => ({ process, restarts, isUp: text !== undefined }));
  return processMetrics(own) + mergeExpositions(expositions);
}

/** Asks every process that works. */
export function probe(slots: readonly Slot[], path: '/livez' | '/readyz'): Promise<ProbedProcess[]> {
  return Promise.all(
    slots.map(async ({ number: process, state, forMs, addresses: { healthUrl } }) => {
      const isAsked = state === 'working' && healthUrl !== undefined;
      return {
        process,
        state,
        forMs,
        ...(isAsked ? { answer: await answerOf(`${healthUrl}${path}`, TIMEOUT_MS[path]) } : {}),
      };
    }),
  );
}

async function textOf(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS['/metrics']) });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}

async function answerOf(url: string, timeoutMs: number): Promise<ProbeAnswer> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    const { reasons } = (await answer.json()) as { reasons?: readonly string[] };
    return { isOk: answer.ok, reasons: reasons ?? [] };
  } catch {
    return undefined;
  }
}
