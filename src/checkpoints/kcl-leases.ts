import { paginateScan, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

import { translateAwsError } from '../aws/translate-error';
import { codeOf, TidemarkError } from '../core/errors';
import type { KclLease } from '../core/from-kcl';
import type { StreamIncarnation } from '../core/names';

/**
 * The leases of one stream in the lease table of a KCL 2 or 3 application; a consistent scan. A table of a multi-stream application has
 * others beside them, and since KCL 3.5 rows that are no leases.
 * @throws `TABLE_NOT_FOUND`, `BACKUP_INVALID` for a table that is no lease table, `BACKUP_MISMATCH` for one of an earlier stream of this name
 */
export async function readKclLeases(
  client: DynamoDBClient,
  tableName: string,
  stream: Pick<StreamIncarnation, 'streamName' | 'streamArn' | 'createdAtMs'>,
): Promise<KclLease[]> {
  const items: Record<string, unknown>[] = [];
  try {
    for await (const page of paginateScan({ client }, { TableName: tableName, ConsistentRead: true }))
      items.push(...(page.Items ?? []).map((item) => unmarshall(item)));
  } catch (error) {
    throw translated(error, tableName);
  }
  const leases = items.filter(isLease).flatMap((item) => leaseOf(item, stream));
  if (leases.length > 0) return leases;
  throw new TidemarkError('BACKUP_INVALID', `The table has no lease of stream ${stream.streamName}`, {
    context: { table: tableName },
    hint: 'Name the lease table: KCL calls it like the application.',
  });
}

function translated(error: unknown, table: string): TidemarkError {
  const known = translateAwsError(error, { service: 'DynamoDB', operation: 'Scan', context: { table } });
  if (codeOf(known) !== 'TABLE_NOT_FOUND') return known;
  return new TidemarkError('TABLE_NOT_FOUND', 'There is no such lease table', {
    context: { table },
    hint: 'KCL calls its lease table like the application. Check the region too.',
  });
}

/** Since 3.5 a row says what it is. */
function isLease({ entityType, leaseKey, checkpoint }: Record<string, unknown>): boolean {
  if (entityType !== undefined) return entityType === 'LEASE';
  return typeof leaseKey === 'string' && checkpoint !== undefined;
}

/** `<account>:<stream>:<creation, epoch seconds>:<shard>` in a multi-stream application, else the shard alone. */
const MULTI_STREAM_KEY = /^(\d{12}):([^:]+):(\d+):([^:]+)$/;

function leaseOf(
  item: Record<string, unknown>,
  { streamName, streamArn, createdAtMs }: Pick<StreamIncarnation, 'streamName' | 'streamArn' | 'createdAtMs'>,
): KclLease[] {
  const leaseKey = textOf(item, 'leaseKey', String(item.leaseKey));
  const [, account, name, epoch, shardOfKey] = MULTI_STREAM_KEY.exec(leaseKey) ?? [];
  if (name !== undefined && (name !== streamName || account !== streamArn.split(':')[4])) return [];
  if (epoch !== undefined && Number(epoch) !== Math.floor(createdAtMs / 1_000))
    throw new TidemarkError('BACKUP_MISMATCH', `Lease ${leaseKey} is of an earlier stream of this name`);
  return [
    {
      shardId: shardOfKey ?? leaseKey,
      checkpoint: textOf(item, 'checkpoint', leaseKey),
      parentShardIds: parentIdsOf(item.parentShardId),
      counter: typeof item.leaseCounter === 'number' ? item.leaseCounter : 0,
      ...optionalOf(item),
    },
  ];
}

type Optional = Pick<KclLease, 'subSequenceNumber' | 'startingHashKey' | 'endingHashKey' | 'owner'>;

function optionalOf({
  checkpointSubSequenceNumber: sub,
  startingHashKey,
  endingHashKey,
  leaseOwner,
}: Record<string, unknown>): Optional {
  return {
    ...(typeof sub === 'number' ? { subSequenceNumber: sub } : {}),
    ...(typeof startingHashKey === 'string' ? { startingHashKey } : {}),
    ...(typeof endingHashKey === 'string' ? { endingHashKey } : {}),
    ...(typeof leaseOwner === 'string' ? { owner: leaseOwner } : {}),
  };
}

function textOf(item: Record<string, unknown>, name: string, leaseKey: string): string {
  const value = item[name];
  if (typeof value === 'string') return value;
  throw new TidemarkError('BACKUP_INVALID', `Lease ${leaseKey} cannot be read: ${name} is not a text`, {
    hint: 'Is this the lease table of a KCL application?',
  });
}

function parentIdsOf(value: unknown): string[] {
  const values: unknown[] = value instanceof Set ? [...value] : Array.isArray(value) ? value : [];
  return values.filter((id) => typeof id === 'string');
}
