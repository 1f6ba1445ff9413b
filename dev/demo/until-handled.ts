import type { ConsumerReport } from '../../src';
import type { Deliveries } from './deliveries';
import type { RecordPlace } from './producer';
import { waitFor } from './wait-for';

/** Without a new record for this long, what is missing counts as lost. Far above a take-over. */
const STALL_LIMIT_MS = 45_000;
const LIMIT_MS = 600_000;

/** Resolves when every record put has been handled, or when nothing happens any more. */
export async function untilAllHandled(put: ReadonlySet<RecordPlace>, deliveries: Deliveries): Promise<void> {
  let seen = 0;
  let seenAtMs = performance.now();
  const look = (): true | undefined => {
    deliveries.refresh();
    const { handled } = deliveries;
    if (handled.size !== seen) [seen, seenAtMs] = [handled.size, performance.now()];
    if (performance.now() - seenAtMs > STALL_LIMIT_MS) return true;
    return [...put].every((place) => handled.has(place)) || undefined;
  };
  await waitFor(look, { timeoutMs: LIMIT_MS, what: 'all records to be handled' });
}

/** The consumer's status once its checkpoints cover this many records, or after a while. */
export async function untilAllCommitted(
  records: number,
  status: () => Promise<ConsumerReport>,
): Promise<ConsumerReport> {
  const giveUpAtMs = performance.now() + 15_000;
  const look = async (): Promise<ConsumerReport | undefined> => {
    const report = await status();
    const committed = report.shards.reduce((sum, shard) => sum + (shard.records ?? 0), 0);
    return committed === records || performance.now() > giveUpAtMs ? report : undefined;
  };
  return waitFor(look, { timeoutMs: LIMIT_MS, what: 'all records to be committed' });
}
