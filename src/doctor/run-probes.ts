import { codeOf } from '../core/errors';
import { wrong, type Finding, type NamedFinding, type Probe } from './finding';

export const PROBE_TIMEOUT_MS = 10_000;

/** Looks at everything at once, each for a bounded time: a server that hangs is a finding. In the order of the probes. */
export async function runProbes(probes: readonly Probe[], timeoutMs = PROBE_TIMEOUT_MS): Promise<NamedFinding[]> {
  return Promise.all(
    probes.map(async ({ name, consumer, look }) => ({
      name,
      ...(consumer === undefined ? {} : { consumer }),
      ...(await within(look, timeoutMs)),
    })),
  );
}

async function within(look: () => Promise<Finding>, timeoutMs: number): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    const finding = wrong(
      `no answer within ${timeoutMs / 1_000} s`,
      'The server hangs, or a firewall drops the packets.',
    );
    timer = setTimeout(() => resolve(finding), timeoutMs);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { state: 'wrong', what: codeOf(error) ? `${codeOf(error)}: ${message}` : (message.split('\n')[0] ?? '') };
  } finally {
    clearTimeout(timer);
  }
}

/** One call for several probes. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
