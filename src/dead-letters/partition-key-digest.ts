import { createHash } from 'node:crypto';

/** What stands for a partition key in Temporal's history, which must not show record data: 72 bits of its SHA-256. */
export function partitionKeyDigest(partitionKey: string): string {
  return createHash('sha256').update(partitionKey).digest('base64url').slice(0, 12);
}
