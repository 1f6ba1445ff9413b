import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { TidemarkError } from '../core/errors';
import { replayTaskQueue, replayWorkflowId, taskQueueFor, workflowTypes } from '../core/names';
import { timingOf } from '../core/timing';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { hasSearchAttributes } from '../temporal/search-attributes';
import { startReplayWorkflow } from '../temporal/start-workflows';
import { ReplayHandle } from './replay-handle';
import { previewReplay, type ReplayPreview, type ReplayQuery } from './replay-preview';
import { withServices } from './with-services';

export interface ReplayOptions extends ReplayQuery {
  /** Who asks, and why: stands in Temporal's history. */
  readonly by: string;
  readonly reason?: string;
  /**
   * Only finds what would fail: `context.dryRun` is true, and effects that the handler returns are checked and not written.
   *
   * @default false
   */
  readonly dryRun?: boolean;
  /**
   * What follows a record that has failed for good: it is counted and listed, and the replay goes on, or the replay ends.
   *
   * @default continue
   */
  readonly onFailure?: 'continue' | 'stop';
  /** Replay what is left of a range of which retention no longer has all. Default: it is refused. */
  readonly partial?: boolean;
  /**
   * Most shards that are read at the same time.
   *
   * @minimum 1
   * @maximum 100
   * @default 8
   */
  readonly parallel?: number;
  /** Names the replay: `A-Za-z0-9._-`, once for a consumer of a stream. So a script that is run again starts nothing twice. Default: random. */
  readonly id?: string;
  /** Queue that its workers poll. `own`: one of this replay alone, see `ReplayHandle.ownTaskQueue`. Default: the one of the consumer. */
  readonly taskQueue?: string;
}

export interface ListedReplay {
  readonly id: string;
  /** Temporal's: RUNNING, COMPLETED, CANCELLED, FAILED, TERMINATED. */
  readonly state: string;
  readonly startedAt: Date;
  readonly what?: string;
  readonly by?: string;
}

const DEFAULT_PARALLEL = 8;
const MAX_PARALLEL = 100;

/** Replays of ranges beside the live consumer. They touch neither its checkpoints nor its dead letters. */
export class ReplaysClient {
  constructor(private readonly temporal: Client) {}

  /** What a replay would read. Nothing is started. @throws `INVALID_OPTION`, `RANGE_EXPIRED`, `SHARD_NOT_FOUND` … */
  async preview(consumer: ConsumerDefinition, query: ReplayQuery): Promise<ReplayPreview> {
    return withServices(consumer, (services) => previewReplay(consumer, services, query));
  }

  /**
   * Starts the workflow that runs a range through the handler of the given consumer. Workers of that consumer do it: one of another name on
   * the same stream needs a worker, and need not be started.
   * @throws `RANGE_EXPIRED`, `REPLAY_EXISTS`, `INVALID_OPTION`, `SHARD_NOT_FOUND` …
   */
  async start(consumer: ConsumerDefinition, options: ReplayOptions): Promise<ReplayHandle> {
    const { by, reason, dryRun = false, onFailure = 'continue', partial = false, taskQueue } = options;
    const { parallel = DEFAULT_PARALLEL, id = randomUUID().slice(0, 8) } = options;
    checkOptions({ id, parallel });
    const { stream, range, span, shardId, missing } = await this.preview(consumer, options);
    if (missing !== undefined && !partial)
      throw new TidemarkError('RANGE_EXPIRED', `Not all of the range is there: ${missing}`);
    const { workflowId } = await startReplayWorkflow(this.temporal, {
      taskQueue: taskQueue === 'own' ? replayTaskQueue(stream, id) : (taskQueue ?? taskQueueFor(stream)),
      input: {
        id,
        stream,
        range,
        span,
        ...(shardId === undefined ? {} : { shardId }),
        dryRun,
        onFailure,
        by,
        ...(reason === undefined ? {} : { reason }),
        startedAtMs: Date.now(),
        timing: timingOf(consumer.options),
        searchAttributes: await hasSearchAttributes(this.temporal),
        parallel,
      },
    });
    return new ReplayHandle(this.temporal, id, workflowId);
  }

  /** A replay that was started before. Its methods throw `REPLAY_NOT_FOUND` if there is none. */
  get({ options }: ConsumerDefinition, id: string): ReplayHandle {
    const stream = { consumer: options.name, streamName: options.streamName };
    return new ReplayHandle(this.temporal, id, replayWorkflowId(stream, id));
  }

  /** Replays that Temporal still remembers, the latest first. */
  async list({ options }: ConsumerDefinition): Promise<ListedReplay[]> {
    const prefix = replayWorkflowId({ consumer: options.name, streamName: options.streamName });
    const query = `WorkflowType = '${workflowTypes.replay}' AND WorkflowId STARTS_WITH '${prefix}'`;
    const found = new Map<string, ListedReplay>();
    for await (const { workflowId, status, startTime, memo } of this.temporal.workflow.list({ query })) {
      const id = workflowId.slice(prefix.length);
      const { what, by, startedAtMs } = (memo ?? {}) as { what?: string; by?: string; startedAtMs?: number };
      const startedAt = startedAtMs === undefined ? startTime : new Date(startedAtMs);
      // Runs that continued as new are no replays of their own.
      if (!found.has(id) && status.name !== 'CONTINUED_AS_NEW')
        found.set(id, { id, state: status.name, startedAt, what, by });
    }
    return [...found.values()].sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
  }
}

function checkOptions({ id, parallel }: { readonly id: string; readonly parallel: number }): void {
  if (!/^[\w.-]{1,64}$/.test(id))
    throw new TidemarkError('INVALID_OPTION', 'Expected the `id` of a replay to be 1 to 64 of A-Za-z0-9._-');
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MAX_PARALLEL)
    throw new TidemarkError('INVALID_OPTION', `Expected \`parallel\` to be a whole number from 1 to ${MAX_PARALLEL}`);
}
