import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ApplicationFailure, type Info } from '@temporalio/activity';
import type { KinesisClient } from '@aws-sdk/client-kinesis';

import { createActivitiesFrom, type Activities } from '../../../../src/activities';
import type { ConsumerOptions } from '../../../../src/core/options';
import { TRIM_HORIZON, type Position } from '../../../../src/core/positions';
import {
  dispatchSlice,
  foldHandlerFailure,
  foldOrder,
  foldSlice,
  foldUnknown,
  workOf,
  initialShardState,
} from '../../../../src/core/shard-state';
import type { ShardState } from '../../../../src/core/shard-state';
import type {
  HandlerFailure,
  LossFailure,
  ParkedOrder,
  SliceInput,
  SliceResult,
} from '../../../../src/core/shard-work';
import type { Effect, EffectsRefused } from '../../../../src/checkpoints/checkpoint-store';
import type { DeadLetter } from '../../../../src/core/dead-letter';
import { MemoryCheckpointHistory } from '../../../../src/checkpoints/checkpoint-history';
import { MemoryDeadLetterStore } from '../../../../src/dead-letters/memory-dead-letters';
import { TrialLane } from '../../../../src/activities/trial-lane';
import type { HandlerRunner } from '../../../../src/handler/handler-runner';
import type { KinesisRecord } from '../../../../src/handler/record';
import { inlineRunner } from '../../../../src/handler/inline-runner';
import type { ShardIdentity } from '../../../../src/core/names';
import { defineConsumer, type RecordTraceContext } from '../../../../src/handler/define-consumer';
import type { BatchHandler } from '../../../../src/handler/handler';
import { AwsKinesis } from '../../../../src/kinesis/aws-kinesis';
import type { FanOut } from '../../../../src/kinesis/fan-out';
import { startScriptedKinesis, type ScriptedKinesis } from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';
import { IS_FAN_OUT, localFanOut } from './source';
import { KeptSources } from '../../../../src/activities/kept-sources';
import { PageMemory } from '../../../../src/kinesis/page-memory';
import { startActivity, type RunningActivity } from './activity';
import { WatchedStore } from './watched-store';

export const SHARD = 'shardId-000000000000';
const TIMING = { heartbeatTimeoutMs: 60_000, shardSyncIntervalMs: 60_000 };

export type RunningSlice = RunningActivity<SliceResult>;

/**
 * One shard of one consumer: a scripted Kinesis, checkpoints in memory, the real activities, and the workflow's own fold of how
 * each slice ended. Only Temporal is missing.
 */
export class SliceScene {
  readonly store = new WatchedStore();
  readonly letters = new MemoryDeadLetterStore();
  readonly history = new MemoryCheckpointHistory();
  /** Shards that the process reads. */
  readonly running = new Set<string>();
  /** Payloads that the handler was given, batch by batch. */
  readonly handled: string[][] = [];
  /** What the handler does with a batch beside noting it. */
  handler: BatchHandler = () => undefined;
  traceContext: RecordTraceContext = () => undefined;
  state: ShardState;
  filter: (record: KinesisRecord) => boolean = () => true;
  onDeadLetter: (letter: DeadLetter) => Promise<void> | void = () => undefined;
  private readonly client: KinesisClient;
  private activities: Activities;
  private fanOut: FanOut | undefined;
  private pages = 0;
  private readonly countPage = (): void => void (this.pages += 1);
  private tokens = 0;
  /** The attempt before, of the slice that was begun last. */
  private before: RunningSlice | undefined;
  private keptSources = new KeptSources();

  private constructor(
    readonly server: ScriptedKinesis,
    readonly shard: ShardIdentity,
    start: Position,
    public options: Partial<ConsumerOptions>,
  ) {
    subscribe('tidemark:pageRead', this.countPage);
    this.client = localKinesisClient(server.endpoint);
    this.store.applyEffects = (effects) => this.applyEffects(effects);
    this.state = initialShardState({
      shard,
      parentShardIds: [],
      start,
      timing: TIMING,
      searchAttributes: false,
    });
    this.activities = this.activitiesWith(options);
  }

  static async open(
    options: Partial<ConsumerOptions> = {},
    start: Position = TRIM_HORIZON,
    shards = 1,
  ): Promise<SliceScene> {
    const server = await startScriptedKinesis({ subscriptions: { idleMs: 100, refusedForMs: 0 } });
    const { arn: streamArn, createdAtMs } = server.createStream('flights', shards);
    const shard = { consumer: 'delays', streamName: 'flights', streamArn, createdAtMs, shardId: SHARD };
    return new SliceScene(server, shard, start, options);
  }

  /** A new deployment of the same consumer: another process, which knows nothing of the one before. */
  deploy(options: Partial<ConsumerOptions>): void {
    this.options = options;
    this.keptSources.close();
    this.keptSources = new KeptSources();
    this.activities = this.activitiesWith(options);
  }

  put(...data: string[]): void {
    this.server.putMany(
      'flights',
      data.map((text) => ({ partitionKey: 'key', data: text, shardId: SHARD })),
    );
  }

  /** Begins the next slice as the workflow would. */
  begin(info: Partial<Info> & { runId?: string } = {}): RunningSlice {
    this.state = dispatchSlice(this.state);
    this.before = undefined;
    return this.attempt(info);
  }

  /** Another attempt of the slice that was begun last. */
  attempt({ runId = 'run-1', ...info }: Partial<Info> & { runId?: string } = {}): RunningSlice {
    const input: SliceInput = { shard: this.shard, parentShardIds: [], ...workOf(this.state) };
    // Temporal hands on what the attempt before has told last.
    const heartbeatDetails: unknown = this.before?.heartbeats.at(-1);
    const slice = startActivity(() => this.activities.processBatches(input), {
      workflowExecution: { workflowId: 'workflow', runId },
      heartbeatDetails,
      ...info,
    });
    this.before = slice;
    return slice;
  }

  /** Waits for a slice that ends without an error, and folds its result. */
  async end(slice: RunningSlice): Promise<SliceResult> {
    const result = await slice.done;
    this.state = foldSlice(this.state, result);
    return result;
  }

  /** Waits for a slice whose handler fails, and folds the failure. */
  async fail(slice: RunningSlice): Promise<HandlerFailure> {
    const failure = await this.failureOf(slice);
    if (failure.type !== 'HANDLER_FAILED') throw failure;
    const details = failure.details?.[0] as HandlerFailure;
    this.state = foldHandlerFailure(this.state, details);
    return details;
  }

  /** Waits for a slice that must not read on behind lost records, and folds that. */
  async lose(slice: RunningSlice): Promise<LossFailure> {
    const failure = await this.failureOf(slice);
    if (failure.type !== 'DATA_LOST') throw failure;
    const details = failure.details?.[0] as LossFailure;
    this.state = foldHandlerFailure(this.state, details);
    return details;
  }

  async failureOf(slice: RunningSlice): Promise<ApplicationFailure> {
    const failure: unknown = await slice.done.then(
      (result) => new Error(`The slice ended with ${result.end}`),
      (error: unknown) => error,
    );
    if (!(failure instanceof ApplicationFailure)) throw failure;
    this.state = foldUnknown(this.state, undefined);
    return failure;
  }

  async run(info?: Partial<Info> & { runId?: string }): Promise<SliceResult> {
    return this.end(this.begin(info));
  }

  /** What an operator orders about the parked shard, as the workflow passes it on. */
  order(kind: ParkedOrder['kind'], request: Partial<ParkedOrder> = {}): void {
    this.state = foldOrder(this.state, { kind, by: 'ada', atMs: this.server.now(), ...request });
  }

  /** Dead letters of the shard, in order, with their payloads. */
  async deadLetters(): Promise<(DeadLetter & { text: string })[]> {
    const { letters } = await this.letters.list(this.shard, { limit: 1_000 });
    const whole = await Promise.all(letters.map((head) => this.letters.get(head)));
    return whole.flatMap((letter) => (letter ? [{ ...letter, text: Buffer.from(letter.data).toString() }] : []));
  }

  private applyEffects(effects: readonly Effect[]): EffectsRefused | undefined {
    const refused = { kind: 'effectsRefused', code: 'EFFECT_REFUSED', message: 'a condition does not hold' } as const;
    return this.letters.apply(effects) ? undefined : refused;
  }

  /** Answers of Kinesis about records so far. */
  get reads(): number {
    return IS_FAN_OUT ? this.pages : this.server.requests.count('GetRecords');
  }

  /** Most looks at the row that reading may cost: one to begin with, and one before a subscription follows another. */
  get looks(): number {
    return IS_FAN_OUT ? this.server.subscriptions.length : 1;
  }

  /** The call that reads records. */
  get readOperation(): string {
    return IS_FAN_OUT ? 'SubscribeToShard' : 'GetRecords';
  }

  /** How often Kinesis was asked for a place to read from. */
  get starts(): number {
    return this.server.requests.count(IS_FAN_OUT ? 'SubscribeToShard' : 'GetShardIterator');
  }

  /** What kind of start Kinesis was asked for last. */
  get lastStart(): unknown {
    if (!IS_FAN_OUT) return this.server.requests.list('GetShardIterator').at(-1)?.body['ShardIteratorType'];
    const start = this.server.requests.list('SubscribeToShard').at(-1)?.body['StartingPosition'];
    return (start as { Type?: unknown } | undefined)?.Type;
  }

  /** From now on Kinesis says that there is more, and gives nothing. */
  holdBack(millisBehindLatest: number): void {
    this.server.subscriptionRules.heldBackMs = millisBehindLatest;
    this.server.faults.add({
      operation: 'GetRecords',
      action: { rewrite: (page) => ({ ...page, Records: [], MillisBehindLatest: millisBehindLatest }) },
    });
  }

  sequenceNumbers(): string[] {
    return this.server.records('flights', SHARD).map(({ sequenceNumber }) => sequenceNumber);
  }

  async close(): Promise<void> {
    unsubscribe('tidemark:pageRead', this.countPage);
    this.fanOut?.close();
    this.keptSources.close();
    this.client.destroy();
    await this.server.close();
  }

  private activitiesWith(options: Partial<ConsumerOptions>): Activities {
    const definition = defineConsumer({
      name: 'delays',
      stream: 'flights',
      startFrom: 'TRIM_HORIZON',
      pollIntervalMs: 200,
      historyIntervalMs: 0,
      ...options,
      handler: (batch, context) => {
        this.handled.push(batch.records.map((record) => record.text()));
        return this.handler(batch, context);
      },
      filter: (record) => this.filter(record),
      traceContext: (record) => this.traceContext(record),
      onDeadLetter: (letter) => this.onDeadLetter(letter),
    });
    const runner = (): HandlerRunner => inlineRunner(definition);
    if (IS_FAN_OUT) {
      this.fanOut?.close();
      this.fanOut = localFanOut(this.client, this.server.endpoint);
    }
    const runtime = {
      definition,
      ...(this.fanOut ? { fanOut: this.fanOut } : {}),
      kinesis: new AwsKinesis(this.client),
      store: this.store,
      letters: this.letters,
      history: this.history,
      runner,
    };
    return createActivitiesFrom({
      consumers: new Map([['delays/flights', runtime]]),
      worker: 'worker-1',
      running: this.running,
      pageMemory: new PageMemory(2 ** 30),
      keptSources: this.keptSources,
      now: () => this.server.now(),
      random: () => 0,
      mintToken: () => `token-${(this.tokens += 1)}`,
      trialLane: new TrialLane(),
    });
  }
}
