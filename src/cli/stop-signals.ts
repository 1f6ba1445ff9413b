import { constants } from 'node:os';

/** What ends a worker. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** `npx` and `npm run` pass on a Ctrl-C that the terminal has sent to this process as well: the echo is not a second one. */
const ECHO_MS = 400;

export interface SignalHandlers {
  /** First signal: end in an orderly way. */
  readonly first: (signal: string) => void;
  /** A later signal: leave at once, with this exit code. */
  readonly second: (signal: string, exitCode: number) => void;
}

/** Listens for SIGINT and SIGTERM. Returns a function that ends it. */
export function listenForStop(
  { first, second }: SignalHandlers,
  now: () => number = () => performance.now(),
): () => void {
  let firstAtMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAtMs === undefined) {
      firstAtMs = now();
      first(signal);
    } else if (now() - firstAtMs > ECHO_MS) {
      second(signal, 128 + constants.signals[signal]);
    }
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
  };
}
