import type { Position } from './positions';
import type { RequestedStart } from './resolve-options';

/** The service's clock is read from a header of whole seconds, and arrival times are approximate. */
const LATEST_MARGIN_MS = 1_000;

/** `LATEST` becomes a time once, before anything is read: a restart before the first commit then loses nothing. */
export function resolveStart(requested: RequestedStart, serviceNowMs: number): Position {
  switch (requested.at) {
    case 'TRIM_HORIZON':
      return { at: 'TRIM_HORIZON' };
    case 'LATEST':
      return { at: 'AT_TIMESTAMP', timestampMs: serviceNowMs - LATEST_MARGIN_MS };
    case 'AT_TIMESTAMP':
      return requested;
  }
}

/** The user's wish as it is stored and compared with a later one. */
export function describeRequestedStart(requested: RequestedStart): string {
  return requested.at === 'AT_TIMESTAMP'
    ? `AT_TIMESTAMP ${new Date(requested.timestampMs).toISOString()}`
    : requested.at;
}
