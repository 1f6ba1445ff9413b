import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { ConsumerServices } from '../aws/consumer-services';
import type { DeadLetter, DeadLetterHead, DeadLetterKey } from '../core/dead-letter';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { taskQueueFor, type ShardIdentity, type StreamIncarnation } from '../core/names';
import { isSequenceNumber } from '../core/positions';
import type { RedriveFilter } from '../core/redrive';
import { timingOf } from '../core/timing';
import type { DeadLetterCounts, DeadLetterFilter } from '../dead-letters/dead-letter-store';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { hasSearchAttributes } from '../temporal/search-attributes';
import { startRedriveWorkflow } from '../temporal/start-workflows';
import { addCounts, discardIn, lettersIn, type DiscardedLetters, type LetterDecision } from './dead-letters-store';
import { RedriveHandle } from './redrive-handle';
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

export interface RedriveOptions extends LetterDecision {
  /** Which of the open letters. Default: all. */
  readonly filter?: RedriveFilter;
  /** Task queue of a worker of your own. Default: the consumer's own, which `createWorker` polls. */
  readonly taskQueue?: string;
}

export interface DiscardOptions extends LetterDecision {
  readonly filter?: RedriveFilter;
  /** Told after every few letters how many were discarded so far. */
  readonly onProgress?: (discarded: number) => void;
}

const SHARDS_AT_A_TIME = 8;
const DEFAULT_LIMIT = 100;

/** Dead letters of consumers: looks at them, handles them again, gives them up. */
export class DeadLettersClient {
  constructor(private readonly temporal: Client) {}

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

  /** One letter with its payload. Without `shardId` every shard is looked into. @throws `DEAD_LETTER_NOT_FOUND` */
  async get(
    consumer: ConsumerDefinition,
    { sequenceNumber, subSequenceNumber, shardId }: Omit<DeadLetterKey, 'shard'> & { readonly shardId?: string },
  ): Promise<DeadLetter> {
    checkSequenceNumber(sequenceNumber);
    return withShards(consumer, shardId, async ({ letters }, shards) => {
      const found = await mapConcurrently(shards, SHARDS_AT_A_TIME, (shard) =>
        letters.get({ shard, sequenceNumber, subSequenceNumber }),
      );
      const letter = found.find((candidate) => candidate !== undefined);
      if (letter !== undefined) return letter;
      const { name, streamName } = consumer.options;
      throw new TidemarkError('DEAD_LETTER_NOT_FOUND', `There is no dead letter ${sequenceNumber}`, {
        context: { consumer: name, stream: streamName, shard: shardId },
      });
    });
  }

  /**
   * Starts the workflow that runs open letters through the handler of today, in order per partition key; workers of the consumer do it.
   * Letters of parked partition keys are not among them.
   * @throws `REDRIVE_RUNNING`: there is one at a time
   */
  async redrive(
    consumer: ConsumerDefinition,
    { by, reason, filter = {}, taskQueue }: RedriveOptions,
  ): Promise<RedriveHandle> {
    checkSequenceNumber(filter.sequenceNumber);
    return withServices(consumer, async (services) => {
      const stream = await incarnationOf(consumer, services);
      const { workflowId, firstExecutionRunId } = await startRedriveWorkflow(this.temporal, {
        taskQueue: taskQueue ?? taskQueueFor(stream),
        input: {
          id: randomUUID(),
          stream,
          filter,
          by,
          ...(reason === undefined ? {} : { reason }),
          startedAtMs: Date.now(),
          timing: timingOf(consumer.options),
          searchAttributes: await hasSearchAttributes(this.temporal),
        },
      });
      return new RedriveHandle(this.temporal, workflowId, firstExecutionRunId);
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

async function incarnationOf(
  { options }: ConsumerDefinition,
  { kinesis }: ConsumerServices,
): Promise<StreamIncarnation> {
  const { streamName, streamArn, createdAtMs } = await kinesis.describeStream(options);
  return { consumer: options.name, streamName, streamArn, createdAtMs };
}

function checkSequenceNumber(sequenceNumber: string | undefined): void {
  if (sequenceNumber === undefined || isSequenceNumber(sequenceNumber)) return;
  throw new TidemarkError('INVALID_OPTION', 'Expected a sequence number: up to 128 digits');
}
