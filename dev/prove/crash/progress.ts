import { untilUnlessStalled } from '../common/progress';
import type { JournalTail } from './journal-tail';
import type { Producer } from './producer';

export interface CrashProgress {
  readonly producer: Producer;
  readonly tail: JournalTail;
  readonly signal: AbortSignal;
}

/**
 * Waits until every shard has handled a record as new as its newest acknowledged one of now. The producer goes on meanwhile, so
 * this is progress made after the call.
 */
export async function untilRenewedProgress({ producer, tail, signal }: CrashProgress): Promise<void> {
  const goals = [...producer.newest].map(([shardId, { number }]) => ({ shardId, number }));
  const open = (): string[] =>
    goals.filter(({ shardId, number }) => (tail.newest.get(shardId) ?? 0) < number).map(({ shardId }) => shardId);
  await untilUnlessStalled(
    { pulse: () => handlings(tail), signal },
    async () => open().length === 0,
    () => `renewed progress of ${open().join(', ')}`,
  );
}

/** Changes with every record that is handled. */
export async function handlings(tail: JournalTail): Promise<number> {
  await tail.poll();
  return tail.handlings;
}
