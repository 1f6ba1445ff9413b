import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import { TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import type { SliceListener } from './kept-sources';

/**
 * A subscription that is taken away may mean that the shard is: whoever subscribes again without a look takes it back, and two executions
 * take turns until one of them has something to commit. A commit under way may have written its token already, or be heard of after the row
 * was read. While no slice uses the source, another process may have the next one, and whoever subscribes there has the right to.
 * @throws `OWNERSHIP_EXPIRED`, and `SUBSCRIPTION_TAKEN` between two slices
 */
export async function assertHeld(
  store: Pick<CheckpointStore, 'read'>,
  listener: Pick<SliceListener, 'hold' | 'isKept'>,
  shard: ShardIdentity,
): Promise<void> {
  const context = { stream: shard.streamName, shard: shard.shardId };
  if (listener.isKept)
    throw new TidemarkError('SUBSCRIPTION_TAKEN', 'No execution reads this shard at the moment', { context });
  const { token } = listener.hold.checkpoint;
  const row = await store.read(shard);
  const { hold } = listener;
  if (row === undefined || row.token === token || row.token === hold.checkpoint.token) return;
  const { runId, activityId, attempt } = row.writer;
  const { writer } = hold;
  if (runId === writer.runId && activityId === writer.activityId && attempt === writer.attempt) return;
  throw new TidemarkError('OWNERSHIP_EXPIRED', 'Another execution has taken this shard, and its subscription', {
    context,
  });
}
