/** What spans tell of a shard's work: names, positions and counts. Never data, and no partition key. */
import { activityInfo } from '@temporalio/activity';
import { SpanKind, type Attributes } from '@opentelemetry/api';
import { codeOf } from '../core/errors';
import type { ShardIdentity, StreamIncarnation } from '../core/names';
import { describePosition, type Position } from '../core/positions';
import type { RedriveResult } from '../core/redrive';
import type { SliceInput, SliceResult } from '../core/shard-work';
import type { EffectsRefused } from '../checkpoints/checkpoint-store';
import type { Page } from '../kinesis/kinesis-port';
import { addSpan, inSpan, type SpanEnd } from '../tracing/span';
import { tracerInUse } from '../tracing/tracer';
import type { CommitContent } from './checkpoint-hold';
import { describeFailure } from './report-slice';

/** One execution of `processBatches`. */
export function traceSlice(input: SliceInput, run: () => Promise<SliceResult>): Promise<SliceResult> {
  return inSpan<SliceResult>(
    {
      name: 'tidemark.slice',
      attributes: () => ({
        ...shardAttributes(input.shard),
        ...temporalAttributes(),
        'tidemark.position.from': describePosition(input.belief.position),
      }),
      onResult: ({ end, batches, checkpoint, progress }) => ({
        attributes: {
          'tidemark.end': end,
          'tidemark.batches': batches,
          'tidemark.records': progress.totals.records - input.progress.totals.records,
          ...(checkpoint ? { 'tidemark.position.to': describePosition(checkpoint.position) } : {}),
        },
      }),
      onError: (error) => {
        const { end, code } = describeFailure(error);
        return { ...(end ? { attributes: { 'tidemark.end': end } } : {}), ...(code ? { error: code } : {}) };
      },
    },
    run,
  );
}

/** Some seconds of a redrive of dead letters. */
export function traceRedrive(stream: StreamIncarnation, run: () => Promise<RedriveResult>): Promise<RedriveResult> {
  return inSpan<RedriveResult>(
    {
      name: 'tidemark.redrive',
      attributes: () => ({ ...streamAttributes(stream), ...temporalAttributes() }),
      onError: failureCode,
    },
    run,
  );
}

/** A call of GetRecords that brought records, or failed. An idle shard is asked every second: empty answers make no span. */
export function traceFetch(shard: ShardIdentity, call: Promise<Page>, signal?: AbortSignal): Promise<Page> {
  return tracerInUse() === undefined ? call : tracedFetch(shard, call, signal);
}

async function tracedFetch(shard: ShardIdentity, call: Promise<Page>, signal?: AbortSignal): Promise<Page> {
  const beganAtMs = Date.now();
  const tell = (end: SpanEnd): void =>
    addSpan(
      { name: 'tidemark.fetch', kind: SpanKind.CLIENT, attributes: () => shardAttributes(shard) },
      { beganAtMs, end },
    );
  try {
    const page = await call;
    if (page.records.length > 0) tell({ attributes: pageAttributes(page) });
    return page;
  } catch (error) {
    // A call that was given up has not failed.
    if (!signal?.aborted) tell(failureCode(error));
    throw error;
  }
}

function pageAttributes({ records, millisBehindLatest }: Page): Attributes {
  return {
    'tidemark.records': records.length,
    'tidemark.millis_behind_latest': millisBehindLatest,
    'tidemark.sequence_number.first': records[0]?.sequenceNumber ?? '',
    'tidemark.sequence_number.last': records.at(-1)?.sequenceNumber ?? '',
  };
}

type CommitOutcome = 'committed' | 'fenced' | EffectsRefused;

export function traceCommit<T extends CommitOutcome>(
  shard: ShardIdentity,
  move: { readonly from: Position; readonly to: Position; readonly content: CommitContent },
  run: () => Promise<T>,
): Promise<T> {
  const { from, to, content } = move;
  return inSpan<T>(
    {
      name: 'tidemark.commit',
      kind: SpanKind.CLIENT,
      attributes: () => ({
        ...shardAttributes(shard),
        'tidemark.position.from': describePosition(from),
        'tidemark.position.to': describePosition(to),
        'tidemark.records': content.records,
        'tidemark.effects': content.effects?.length ?? 0,
      }),
      onResult: (outcome) => {
        if (outcome === 'committed') return {};
        return { error: typeof outcome === 'string' ? 'FENCED' : outcome.code };
      },
      onError: failureCode,
    },
    run,
  );
}

export function shardAttributes({ shardId, ...stream }: ShardIdentity): Attributes {
  return { ...streamAttributes(stream), 'tidemark.shard': shardId };
}

function streamAttributes({ consumer, streamName }: Pick<StreamIncarnation, 'consumer' | 'streamName'>): Attributes {
  return { 'tidemark.consumer': consumer, 'tidemark.stream': streamName };
}

/** The way from a span to its workflow: what Temporal's Web UI is asked for. */
function temporalAttributes(): Attributes {
  const { workflowExecution, workflowNamespace, activityId, attempt } = activityInfo();
  return {
    'temporal.namespace': workflowNamespace,
    'temporal.workflow_id': workflowExecution?.workflowId,
    'temporal.run_id': workflowExecution?.runId,
    'temporal.activity_id': activityId,
    'temporal.activity_attempt': attempt,
  };
}

function failureCode(error: unknown): SpanEnd {
  return { error: codeOf(error) ?? 'INTERNAL' };
}
