/** A record that kills the process must not stop a replay for ever: after a death fewer records are tried together: pure. */
import { hasEnded, type EndedAttempts } from './trial';

const NARROWING = 8;

/** Attempts in a row right before this one that ended without a word: the process died, or was killed. */
export function deathsBefore(attempt: number, ended: EndedAttempts | undefined): number {
  let deaths = 0;
  for (let before = attempt - 1; before >= 1 && !hasEnded(ended, before); before -= 1) deaths += 1;
  return deaths;
}

export interface Caution {
  /** Most records that are run together. */
  readonly maxRecords: number;
  /** The first record was alone with the handler as often as the policy allows, and no execution has come through. */
  readonly hasKilled: boolean;
}

/** What an execution may try after deaths in a row at one position. `width`: what the execution before them was allowed. */
export function cautionAfter(deaths: number, width: number, maxDeaths: number): Caution {
  let maxRecords = width;
  let alone = 0;
  for (let death = 0; death < deaths; death += 1) {
    if (maxRecords === 1) alone += 1;
    maxRecords = Math.max(1, Math.floor(maxRecords / NARROWING));
  }
  return { maxRecords, hasKilled: alone >= maxDeaths };
}

/** How many records the next execution may run together after one has come through with `width`. */
export function widthAfterSuccess(width: number, widest: number): number {
  return Math.min(widest, width * NARROWING);
}
