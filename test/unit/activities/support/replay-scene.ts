import { KeptSources } from '../../../../src/activities/kept-sources';
import { PageMemory } from '../../../../src/kinesis/page-memory';
import type { Info } from '@temporalio/activity';
import { createActivitiesFrom, type Activities } from '../../../../src/activities';
import { TrialLane } from '../../../../src/activities/trial-lane';
import { MemoryCheckpointHistory } from '../../../../src/checkpoints/checkpoint-history';
import type { ShardIdentity, StreamIncarnation } from '../../../../src/core/names';
import {
  failuresLeft,
  foldPlan,
  foldReplaySlice,
  initialReplayState,
  readyShards,
  type ReplayRequest,
  type ReplaySliceInput,
  type ReplaySliceResult,
  type ReplayState,
} from '../../../../src/core/replay';
import { MemoryDeadLetterStore } from '../../../../src/dead-letters/memory-dead-letters';
import { defineConsumer, type ConsumerInput } from '../../../../src/handler/define-consumer';
import type { BatchHandler, HandlerContext } from '../../../../src/handler/handler';
import type { HandlerRunner } from '../../../../src/handler/handler-runner';
import { inlineRunner } from '../../../../src/handler/inline-runner';
import { AwsKinesis } from '../../../../src/kinesis/aws-kinesis';
import { startScriptedKinesis, type ScriptedKinesis } from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';
import { startActivity, type RunningActivity } from './activity';
import { WatchedStore } from './watched-store';

const TIMING = { heartbeatTimeoutMs: 60_000, shardSyncIntervalMs: 60_000 };
export const FIRST_SHARD = 'shardId-000000000000';

/** A stream, a consumer's activities over it, and the workflow's own fold of what they answer. Only Temporal is missing. */
export class ReplayScene {
  readonly store = new WatchedStore();
  readonly letters = new MemoryDeadLetterStore();
  /** Payloads that the handler was given, batch by batch. */
  readonly given: string[][] = [];
  readonly contexts: HandlerContext[] = [];
  handler: BatchHandler = () => undefined;
  private readonly client;
  private readonly activities: Activities;
  private tokens = 0;

  private constructor(
    readonly server: ScriptedKinesis,
    readonly stream: StreamIncarnation,
    options: Partial<ConsumerInput>,
  ) {
    this.client = localKinesisClient(server.endpoint);
    this.activities = this.activitiesWith(options);
  }

  static async open(options: Partial<ConsumerInput> = {}, shards = 1): Promise<ReplayScene> {
    const server = await startScriptedKinesis();
    const { arn: streamArn, createdAtMs } = server.createStream('flights', shards);
    return new ReplayScene(server, { consumer: 'delays', streamName: 'flights', streamArn, createdAtMs }, options);
  }

  get shard(): ShardIdentity {
    return { ...this.stream, shardId: FIRST_SHARD };
  }

  /** Puts records a second apart; returns when each arrived. */
  put(...data: string[]): number[] {
    return data.map((text) => {
      this.server.advanceClock(1_000);
      const arrivalMs = this.server.now();
      this.server.put('flights', text, text, { arrivalMs });
      return arrivalMs;
    });
  }

  request(change: Partial<ReplayRequest> = {}): ReplayRequest {
    const to = { at: 'AT_TIMESTAMP', timestampMs: this.server.now() } as const;
    return {
      id: 'r1',
      stream: this.stream,
      range: { from: { at: 'TRIM_HORIZON' }, to },
      span: { fromMs: this.stream.createdAtMs, toMs: to.timestampMs },
      dryRun: false,
      onFailure: 'continue',
      by: 'jane',
      startedAtMs: this.server.now(),
      ...change,
    };
  }

  begin(input: Partial<ReplaySliceInput> = {}, info: Partial<Info> = {}): RunningActivity<ReplaySliceResult> {
    const slice = {
      request: this.request(),
      shardId: FIRST_SHARD,
      shard: {},
      failuresLeft: Number.MAX_SAFE_INTEGER,
      ...input,
    };
    return startActivity(() => this.activities.replayShard(slice), {
      workflowExecution: { workflowId: 'workflow', runId: 'run' },
      ...info,
    });
  }

  /** A whole replay, one slice at a time. */
  async run(change: Partial<ReplayRequest> = {}): Promise<ReplayState> {
    // Whoever is caught up must see that the range is over.
    const request = this.request(change);
    this.server.advanceClock(5_000);
    const workflow = { ...request, timing: TIMING, searchAttributes: false, parallel: 1 };
    const planning = startActivity(() => this.activities.planReplay(request));
    let state = foldPlan(initialReplayState(workflow), await planning.done, 0);
    while (state.end === undefined) {
      const [shardId = ''] = readyShards(state.left ?? [], new Set(), 1);
      const shard = state.begun[shardId] ?? {};
      const result = await this.begin({ request, shardId, shard, failuresLeft: failuresLeft(state, request) }).done;
      state = foldReplaySlice(state, result, { request, shardId, atMs: 0 });
    }
    return state;
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.server.close();
  }

  private activitiesWith(options: Partial<ConsumerInput>): Activities {
    const definition = defineConsumer({
      name: 'delays',
      stream: 'flights',
      startFrom: 'TRIM_HORIZON',
      pollIntervalMs: 200,
      ...options,
      handler: (batch, context) => {
        this.given.push(batch.records.map((record) => record.text()));
        this.contexts.push(context);
        return this.handler(batch, context);
      },
    });
    const runner = (): HandlerRunner => inlineRunner(definition);
    const kinesis = new AwsKinesis(this.client);
    const { store, letters } = this;
    const runtime = { definition, kinesis, store, letters, history: new MemoryCheckpointHistory(), runner };
    return createActivitiesFrom({
      consumers: new Map([['delays/flights', runtime]]),
      worker: 'worker-1',
      running: new Set(),
      pageMemory: new PageMemory(2 ** 30),
      keptSources: new KeptSources(),
      now: () => this.server.now(),
      random: () => 0,
      mintToken: () => `token-${(this.tokens += 1)}`,
      trialLane: new TrialLane(),
    });
  }
}
