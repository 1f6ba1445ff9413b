import type { ConsumerServices } from '../aws/consumer-services';
import type { DeadLetter, DeadLetterHead, DeadLetterKey } from '../core/dead-letter';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import type { ShardIdentity, StreamIncarnation } from '../core/names';
import { isRecordName, parseRecordName } from '../core/record-name';
import type { RedriveFilter } from '../core/redrive';
import type { DeadLetterCounts, DeadLetterFilter } from '../dead-letters/dead-letter-store';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { addCounts, discardIn, lettersIn, type DiscardedLetters, type LetterDecision } from './dead-letters-store';
import { withServices } from './with-services';

/** Which dead letters. What is left out does not matter. Times, epoch milliseconds, are those at which a letter was set aside. */
export interface DeadLetterSelection extends DeadLetterFilter {
  readonly shardId?: string;
}

export interface DeadLetterListing {
  /** By shard, and in a shard in the order of the records. Without payloads. */
  readonly letters: readonly DeadLetterHead[];
  /** True if there are more than were asked for. */
  readonly hasMore: boolean;
}

export interface DiscardOptions extends LetterDecision {
  /** Which of the open letters. Default: all. */
  readonly filter?: RedriveFilter;
  /** Told after every few letters how many were discarded so far. */
  readonly onProgress?: (discarded: number) => void;
}

const SHARDS_AT_A_TIME = 8;
const DEFAULT_LIMIT = 100;

/** Dead letters of consumers, as their tables hold them: looks at them, and gives them up. Does not need Temporal. */
export class DeadLetterTable {
  /** Letters without their payloads, at most `limit` (default 100). @throws `STREAM_NOT_FOUND`, `TABLE_NOT_FOUND` … */
  async list(
    consumer: ConsumerDefinition,
    { shardId, limit = DEFAULT_LIMIT, ...filter }: DeadLetterSelection & { readonly limit?: number } = {},
  ): Promise<DeadLetterListing> {
    return withShards(consumer, shardId, async ({ letters }, shards) => {
      const found: DeadLetterHead[] = [];
      for (const shard of shards) {
        // One more than asked for tells whether there are more.
        const page = await letters.list(shard, { ...filter, limit: limit + 1 - found.length });
        found.push(...page.letters);
        if (found.length > limit) return { letters: found.slice(0, limit), hasMore: true };
      }
      return { letters: found, hasMore: false };
    });
  }

  /** Numbers of letters by status and by error code. */
  async count(
    consumer: ConsumerDefinition,
    { shardId, ...filter }: DeadLetterSelection = {},
  ): Promise<DeadLetterCounts> {
    return withShards(consumer, shardId, async ({ letters }, shards) => {
      return addCounts(await mapConcurrently(shards, SHARDS_AT_A_TIME, (shard) => letters.count(shard, filter)));
    });
  }

  /** Numbers of the open letters that `redrive` and `discard` would take. */
  async countOpen(consumer: ConsumerDefinition, filter: RedriveFilter = {}): Promise<number> {
    checkSequenceNumber(filter.sequenceNumber);
    return withShards(consumer, filter.shardId, async ({ letters }, shards) => {
      const counts = await mapConcurrently(shards, SHARDS_AT_A_TIME, async (shard) => {
        if (filter.sequenceNumber === undefined) return (await letters.count(shard, openOnes(filter))).total;
        let count = 0;
        for await (const heads of lettersIn(letters, shard, filter)) count += heads.length;
        return count;
      });
      return counts.reduce((sum, count) => sum + count, 0);
    });
  }

  /**
   * One letter with its payload. `sequenceNumber` may be a name, `seq.sub`. Without `shardId` every shard is looked into.
   * @throws `DEAD_LETTER_NOT_FOUND`
   */
  async get(
    consumer: ConsumerDefinition,
    { shardId, ...named }: Omit<DeadLetterKey, 'shard'> & { readonly shardId?: string },
  ): Promise<DeadLetter> {
    checkSequenceNumber(named.sequenceNumber);
    const { sequenceNumber, subSequenceNumber } = { ...named, ...parseRecordName(named.sequenceNumber) };
    return withShards(consumer, shardId, async ({ letters }, shards) => {
      const found = await mapConcurrently(shards, SHARDS_AT_A_TIME, (shard) =>
        letters.get({ shard, sequenceNumber, subSequenceNumber }),
      );
      const letter = found.find((candidate) => candidate !== undefined);
      if (letter !== undefined) return letter;
      const { name, streamName } = consumer.options;
      throw new TidemarkError('DEAD_LETTER_NOT_FOUND', `There is no dead letter ${named.sequenceNumber}`, {
        context: { consumer: name, stream: streamName, shard: shardId },
      });
    });
  }

  /** Gives open letters up. They are kept, as `DISCARDED`. */
  async discard(
    consumer: ConsumerDefinition,
    { filter = {}, onProgress, ...decision }: DiscardOptions,
  ): Promise<DiscardedLetters> {
    checkSequenceNumber(filter.sequenceNumber);
    return withShards(consumer, filter.shardId, async ({ letters }, shards) => {
      const total = { discarded: 0, changed: 0 };
      for (const shard of shards) {
        for await (const heads of lettersIn(letters, shard, filter)) {
          const { discarded, changed } = await discardIn(letters, heads, decision);
          total.discarded += discarded;
          total.changed += changed;
          onProgress?.(total.discarded);
        }
      }
      return total;
    });
  }
}

function openOnes({ code, fromMs, toMs }: RedriveFilter): DeadLetterFilter {
  return { status: 'OPEN', code, fromMs, toMs };
}

async function withShards<T>(
  consumer: ConsumerDefinition,
  shardId: string | undefined,
  action: (services: ConsumerServices, shards: readonly ShardIdentity[]) => Promise<T>,
): Promise<T> {
  return withServices(consumer, async (services) => {
    const stream = await incarnationOf(consumer, services);
    const known = await services.store.listKnownShards(stream);
    const wanted = known.filter((shard) => shardId === undefined || shard.shardId === shardId);
    return action(
      services,
      wanted.map((shard) => ({ ...stream, shardId: shard.shardId })),
    );
  });
}

/** The stream that exists now under the name or ARN of the consumer. */
export async function incarnationOf(
  { options }: ConsumerDefinition,
  { kinesis }: Pick<ConsumerServices, 'kinesis'>,
): Promise<StreamIncarnation> {
  const { streamName, streamArn, createdAtMs } = await kinesis.describeStream(options);
  return { consumer: options.name, streamName, streamArn, createdAtMs };
}

export function checkSequenceNumber(sequenceNumber: string | undefined): void {
  if (sequenceNumber === undefined || isRecordName(sequenceNumber)) return;
  throw new TidemarkError(
    'INVALID_OPTION',
    'Expected a sequence number: up to 128 digits, and .sub of a user record of an aggregate',
  );
}
