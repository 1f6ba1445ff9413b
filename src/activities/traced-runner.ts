import { SpanKind } from '@opentelemetry/api';
import { codeOf } from '../core/errors';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { BatchFailedError, type HandlerRunner, type RunOutcome, type RunRequest } from '../handler/handler-runner';
import { KinesisRecord } from '../handler/record';
import { linksFrom } from '../tracing/record-contexts';
import { inSpan, type SpanEnd } from '../tracing/span';
import { shardAttributes } from './traces';

/** A runner whose runs are spans, active while filter, schema and handler run: what the handler traces nests under it. */
export function tracedRunner(runner: HandlerRunner, definition: ConsumerDefinition): HandlerRunner {
  return {
    run: (request) => runTraced(runner, request, definition),
    close: () => runner.close(),
  };
}

function runTraced(
  runner: HandlerRunner,
  request: RunRequest,
  { traceContext }: ConsumerDefinition,
): Promise<RunOutcome> {
  const { shard, records, attempt, redrive } = request;
  return inSpan<RunOutcome>(
    {
      name: 'tidemark.handler',
      kind: SpanKind.CONSUMER,
      attributes: () => ({
        ...shardAttributes(shard),
        'tidemark.records': records.length,
        'tidemark.sequence_number.first': records[0]?.sequenceNumber ?? '',
        'tidemark.sequence_number.last': records.at(-1)?.sequenceNumber ?? '',
        'tidemark.attempt': attempt,
        'tidemark.redrive': redrive,
      }),
      // Before the run: a thread may take the payloads for good.
      links: () => linksFrom(traceContext, recordsOf(request)),
      onResult: describeOutcome,
      onError: (error) => ({
        error: error instanceof BatchFailedError ? error.error.code : (codeOf(error) ?? 'INTERNAL'),
      }),
    },
    () => runner.run(request),
  );
}

function* recordsOf({ records, shard }: RunRequest): Generator<KinesisRecord> {
  for (const raw of records) yield new KinesisRecord(raw, shard);
}

/** Records that failed make the run a failed one, although the others were handled. */
function describeOutcome({ filtered, rejected, failed, unhandled, transact = [] }: RunOutcome): SpanEnd {
  const counts = {
    'tidemark.records.filtered': filtered.length,
    'tidemark.records.rejected': rejected.length,
    'tidemark.records.failed': failed.length,
    'tidemark.records.unhandled': unhandled.length,
    'tidemark.effects': transact.length,
  };
  const [first] = [...failed, ...rejected];
  return { attributes: counts, ...(first ? { error: first.error.code } : {}) };
}
