import { log } from '@temporalio/activity';
import type { ErrorCode } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import type { DataLoss } from '../core/read-start';

/** What an operator reads in the worker's log of a slice: never a record, never a credential. */
type Shard = Pick<ShardIdentity, 'consumer' | 'streamName' | 'shardId'>;

export function logLoss(shard: Shard, { fromMs, toMs }: DataLoss): void {
  const window = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  log.error('Records may be lost: retention took them before they were read', { ...placeOf(shard), ...window });
}

export function logLeftOut(shard: Shard): void {
  log.warn(
    'Aggregates hold user records whose hash keys are those of other shards: they are left out here',
    placeOf(shard),
  );
}

export function logFenced(shard: Shard): void {
  log.warn('Another execution has taken this shard; this one ends', placeOf(shard));
}

export function logTrouble(shard: Shard, code: ErrorCode, error: unknown): void {
  const reason = error instanceof Error ? error.message : code;
  log.warn('Waiting to try again', { ...placeOf(shard), code, reason });
}

export function placeOf({ consumer, streamName, shardId }: Shard): {
  consumer: string;
  stream: string;
  shardId: string;
} {
  return { consumer, stream: streamName, shardId };
}

export function logHistory(shard: Shard, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  log.warn('The history of the checkpoint has a gap: an entry could not be written', { ...placeOf(shard), reason });
}

export function logRegistered(shard: Shard, arn: string): void {
  const { consumer, stream } = placeOf(shard);
  log.info('Registered a stream consumer for enhanced fan-out; AWS charges for it until it is deregistered', {
    consumer,
    stream,
    arn,
  });
}

export function logPolling(shard: Shard, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  log.warn('Polling instead of enhanced fan-out', { ...placeOf(shard), reason });
}
