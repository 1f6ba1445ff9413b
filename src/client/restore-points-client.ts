import type { Client } from '@temporalio/client';
import { RestorePoints, type RestorePoint } from '../checkpoints/restore-points';
import type { IncompletePoint } from '../checkpoints/restore-point-items';
import { TidemarkError } from '../core/errors';
import { TRIM_HORIZON, type Position } from '../core/positions';
import type { StreamIncarnation } from '../core/names';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { incarnationOf } from './dead-letter-table';
import { previewMoves } from './move-checkpoints';
import type { MoveQuery } from './move-query';
import type { MovePreview } from './move-preview';
import { withServices } from './with-services';

export interface RestorePointOptions {
  /** Who makes it. */
  readonly by: string;
  readonly reason?: string;
  /**
   * How long it is kept, in milliseconds, or for ever.
   * @default 30 days
   */
  readonly keepMs?: number | 'forever';
}

const DEFAULT_KEEP_MS = 30 * 86_400_000;
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** Restore points: the checkpoints of all shards of a consumer, to come back to together. */
export class RestorePointsClient {
  constructor(private readonly temporal: Client) {}

  /** @throws `RESTORE_POINT_EXISTS`, `INVALID_OPTION` */
  async create(
    consumer: ConsumerDefinition,
    name: string,
    { by, reason, keepMs = DEFAULT_KEEP_MS }: RestorePointOptions,
  ): Promise<RestorePoint> {
    if (!NAME.test(name))
      throw new TidemarkError('INVALID_OPTION', 'Expected the name to be 1 to 128 letters, digits or _.-');
    return withServices(consumer, async ({ kinesis, store, dynamodb }) => {
      const stream = await incarnationOf(consumer, { kinesis });
      const known = await store.listKnownShards(stream);
      const rows = await store.readMany(known.map(({ shardId }) => ({ ...stream, shardId })));
      const positions = new Map<string, Position>(
        known.map(({ shardId, start }, index) => [shardId, rows[index]?.position ?? start]),
      );
      if (positions.size === 0)
        throw new TidemarkError('INVALID_OPTION', 'The consumer has recorded no shard yet: start it first');
      const atMs = Date.now();
      const expiry = keepMs === 'forever' ? {} : { expiresAtMs: atMs + keepMs };
      const point = { name, atMs, by, ...(reason === undefined ? {} : { reason }), ...expiry, positions };
      await new RestorePoints(dynamodb, consumer.options.tableName).create(stream, point);
      return point;
    });
  }

  async list(consumer: ConsumerDefinition): Promise<RestorePoint[]> {
    return this.using(consumer, (points, stream) => points.list(stream));
  }

  /** What a crash has left of points, or what has lost a part. `delete` clears it away. */
  async listIncomplete(consumer: ConsumerDefinition): Promise<IncompletePoint[]> {
    return this.using(consumer, (points, stream) => points.listIncomplete(stream));
  }

  /** @throws `RESTORE_POINT_NOT_FOUND` */
  async delete(consumer: ConsumerDefinition, name: string): Promise<void> {
    return this.using(consumer, (points, stream) => points.delete(stream, name));
  }

  /**
   * What going back to a restore point would do to each shard; `TidemarkClient.move` does it. Shards that stand there, and those that had
   * ended, are left out; those that did not exist then go back to their beginning.
   * @throws `RESTORE_POINT_NOT_FOUND`, `WORKFLOW_NOT_FOUND` if nothing runs that could be moved, `NO_WORKER`
   */
  async preview(
    consumer: ConsumerDefinition,
    name: string,
    { timeoutMs }: Pick<MoveQuery, 'timeoutMs'> = {},
  ): Promise<MovePreview[]> {
    const { positions } = await this.using(consumer, (points, stream) => points.get(stream, name));
    const to = (shardId: string): Position | undefined => {
      const position = positions.get(shardId) ?? TRIM_HORIZON;
      return position.at === 'SHARD_END' ? undefined : position;
    };
    return previewMoves(this.temporal, consumer, { kind: 'rewind', to, timeoutMs });
  }

  private using<T>(
    consumer: ConsumerDefinition,
    action: (points: RestorePoints, stream: StreamIncarnation) => Promise<T>,
  ): Promise<T> {
    return withServices(consumer, async ({ kinesis, dynamodb }) =>
      action(new RestorePoints(dynamodb, consumer.options.tableName), await incarnationOf(consumer, { kinesis })),
    );
  }
}
