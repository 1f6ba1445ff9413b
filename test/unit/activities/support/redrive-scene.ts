import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { createActivitiesFrom, type ActivityDependencies } from '../../../../src/activities';
import { TrialLane } from '../../../../src/activities/trial-lane';
import { MemoryCheckpointStore } from '../../../../src/checkpoints/memory-store';
import type { DeadLetter } from '../../../../src/core/dead-letter';
import type { StreamIncarnation } from '../../../../src/core/names';
import { TRIM_HORIZON } from '../../../../src/core/positions';
import type { RedriveInput, RedriveResult } from '../../../../src/core/redrive';
import type { DeadLetterStore } from '../../../../src/dead-letters/dead-letter-store';
import { MemoryCheckpointHistory } from '../../../../src/checkpoints/checkpoint-history';
import type { HandlerRunner } from '../../../../src/handler/handler-runner';
import { MemoryDeadLetterStore } from '../../../../src/dead-letters/memory-dead-letters';
import { defineConsumer, type ConsumerInput } from '../../../../src/handler/define-consumer';
import type { BatchHandler } from '../../../../src/handler/handler';
import { inlineRunner } from '../../../../src/handler/inline-runner';
import { AwsKinesis } from '../../../../src/kinesis/aws-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';
import { failure, letterOf, write } from '../../../support/dead-letter-store.contract';
import { KeptSources } from '../../../../src/activities/kept-sources';
import { PageMemory } from '../../../../src/kinesis/page-memory';
import { startActivity, type RunningActivity } from './activity';

export const STARTED_AT_MS = 1_767_300_000_000;
export const SHARDS = ['shardId-000000000000', 'shardId-000000000001', 'shardId-000000000002'] as const;
export const WORKFLOW_ID = 'tidemark/delays/flights/redrive/1';

/** Dead letters of one consumer in memory, and its activity `redriveDeadLetters`. */
export class RedriveScene {
  readonly letters = new MemoryDeadLetterStore();
  readonly store = new MemoryCheckpointStore();
  /** What the handler was given: `sequence number`, in order. */
  readonly given: string[] = [];
  nowMs = STARTED_AT_MS + 60_000;
  readonly stream: StreamIncarnation = {
    consumer: 'delays',
    streamName: 'flights',
    streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/flights',
    createdAtMs: 1_767_000_000_000,
  };
  private tokens = 0;

  constructor(
    private readonly handler: BatchHandler = () => undefined,
    private readonly options: Partial<ConsumerInput> = {},
  ) {}

  /** Letters of the record with this number; `key` is its partition key. */
  async put(sequenceNumber: number, key: string, change: Partial<DeadLetter> = {}): Promise<DeadLetter> {
    const shard = change.shard ?? { ...this.stream, shardId: SHARDS[0] };
    const letter = letterOf(shard, {
      sequenceNumber: String(sequenceNumber),
      partitionKey: key,
      errors: [failure({ atMs: STARTED_AT_MS - 1_000 })],
      writtenAtMs: STARTED_AT_MS - 1_000,
      ...change,
    });
    const transact = async (items: TransactWriteItem[]): Promise<void> => void this.letters.apply(items);
    return write({ letters: this.letters, transact, deletePart: async () => undefined }, letter);
  }

  async knowShards(...shards: { shardId: string; parentShardIds?: string[] }[]): Promise<void> {
    const known = shards.map(({ shardId, parentShardIds = [] }) => ({ shardId, parentShardIds, start: TRIM_HORIZON }));
    await this.store.recordShards(this.stream, known);
  }

  start(
    input: Partial<RedriveInput> = {},
    { attempt = 1, heartbeatDetails, letters = this.letters }: StartOptions = {},
  ): RunningActivity<RedriveResult> {
    const activities = createActivitiesFrom(this.dependencies(letters));
    const request = {
      id: 'redrive-1',
      stream: this.stream,
      filter: {},
      by: 'jane',
      startedAtMs: STARTED_AT_MS,
      ...input,
    };
    return startActivity(() => activities.redriveDeadLetters(request), {
      attempt,
      heartbeatDetails,
      workflowExecution: { workflowId: WORKFLOW_ID, runId: 'run-9' },
    });
  }

  async run(input: Partial<RedriveInput> = {}): Promise<RedriveResult> {
    await this.knowShards({ shardId: SHARDS[0] });
    return this.start(input).done;
  }

  /** Status of each letter of a shard, by sequence number. */
  async statuses(shardId: string = SHARDS[0]): Promise<Record<string, string>> {
    const { letters } = await this.letters.list({ ...this.stream, shardId }, { limit: 1_000 });
    return Object.fromEntries(letters.map(({ sequenceNumber, status }) => [sequenceNumber, status]));
  }

  private dependencies(letters: DeadLetterStore): ActivityDependencies {
    const note: BatchHandler = (batch, context) => {
      this.given.push(...batch.records.map(({ sequenceNumber }) => sequenceNumber));
      return this.handler(batch, context);
    };
    const definition = defineConsumer({
      name: 'delays',
      stream: 'flights',
      startFrom: 'TRIM_HORIZON',
      ...this.options,
      handler: note,
    });
    // Redriving never calls Kinesis: nothing listens there.
    const kinesis = new AwsKinesis(localKinesisClient('http://127.0.0.1:9'));
    const history = new MemoryCheckpointHistory();
    const runner = (): HandlerRunner => inlineRunner(definition);
    const runtime = { definition, kinesis, store: this.store, letters, history, runner };
    return {
      consumers: new Map([['delays/flights', runtime]]),
      worker: 'worker-a:1',
      running: new Set(),
      pageMemory: new PageMemory(2 ** 30),
      keptSources: new KeptSources(),
      now: () => this.nowMs,
      random: () => 0,
      mintToken: () => `token-${(this.tokens += 1)}`,
      trialLane: new TrialLane(),
    };
  }
}

interface StartOptions {
  readonly attempt?: number;
  readonly heartbeatDetails?: unknown;
  readonly letters?: DeadLetterStore;
}
