import { setTimeout as sleep } from 'node:timers/promises';
import type { HandledEntry } from './journal-entries';
import type { HandlerBug } from './worker-config';

export type WriteEffects = (entries: readonly HandledEntry[]) => Promise<void>;

/** Every so many batches have the bug, and the first one, however few there are. */
const BATCHES_PER_BUG = 5;
const LATE_MS = 500;

/** The handler's effect, with a bug every few batches. */
export function withBug(bug: HandlerBug | undefined, write: WriteEffects): WriteEffects {
  if (bug === undefined) return write;
  let batches = 0;
  return async (entries) => {
    batches += 1;
    if (batches % BATCHES_PER_BUG !== 1) return write(entries);
    return BUGS[bug](entries, write);
  };
}

const BUGS: Readonly<Record<HandlerBug, (entries: readonly HandledEntry[], write: WriteEffects) => Promise<void>>> = {
  skipRecord: (entries, write) => write(entries.slice(0, -1)),
  stuck: () => new Promise(() => {}),
  lateEffect: async (entries, write) => {
    void sleep(LATE_MS).then(() => write(entries));
  },
};
