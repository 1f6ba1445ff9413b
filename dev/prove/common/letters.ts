import { createHash } from 'node:crypto';
import type { DeadLetterHead } from '../../../src';
import type { DeadLetterPosition } from '../../../src/dead-letters/dead-letter-store';
import { ordinalOf } from './lines';
import type { Scene } from './scene';

const PAGE = 100;

/** A dead letter as it was found in the table. */
export interface LetterFacts extends Pick<DeadLetterHead, 'sequenceNumber' | 'partitionKey' | 'condition'> {
  readonly shardId: string;
  readonly ordinal: number;
  readonly code: string;
  /** How often it has failed for good. */
  readonly failures: number;
  /** SHA-256 of its payload, hexadecimal. */
  readonly digest: string;
}

/** Every dead letter of the given shards, with its payload. */
export async function readLetters(scene: Scene, shardIds: readonly string[]): Promise<LetterFacts[]> {
  const { letters } = scene.services;
  const consumer = scene.definition.options.name;
  const found: LetterFacts[] = [];
  for (const shardId of shardIds) {
    const shard = { ...scene.incarnation, consumer, shardId };
    let after: DeadLetterPosition | undefined;
    do {
      const page = await letters.list(shard, { limit: PAGE, after });
      for (const head of page.letters) {
        const { data } = (await letters.get(head)) ?? {};
        found.push({ ...factsOf(head), digest: data ? digestOf(data) : 'none' });
      }
      after = page.after;
    } while (after);
  }
  return found;
}

function factsOf({
  shard,
  sequenceNumber,
  partitionKey,
  condition,
  errors,
}: DeadLetterHead): Omit<LetterFacts, 'digest'> {
  const { code = 'none' } = errors.at(-1) ?? {};
  const ordinal = ordinalOf(sequenceNumber);
  return { shardId: shard.shardId, sequenceNumber, ordinal, partitionKey, condition, code, failures: errors.length };
}

/** SHA-256, hexadecimal. */
export function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
