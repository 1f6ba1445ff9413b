import type { FailedRecord } from '../core/outcome';
import type { ConsumerDefinition } from './define-consumer';
import { describeHandlerError, type ErrorDetail } from './describe-error';
import { withRecordSpans } from '../tracing/record-contexts';
import { BatchFailedError, type RunOutcome, type RunRequest } from './handler-runner';
import { readResult, type ResultWorld } from './read-result';
import { KinesisRecord } from './record';
import { isRecordRejected, type RecordRejectedError } from './record-rejected-error';
import { isThenable, validateRecords, type Candidate } from './validate-records';

/** What of a run the user's code needs. */
export type BatchRun = Pick<
  RunRequest,
  'shard' | 'records' | 'millisBehindLatest' | 'attempt' | 'fence' | 'redrive' | 'replay'
>;

/**
 * The user's filter, schema and handler on the records of a run, in this thread. It waits for the handler, whatever `signal` says.
 * @throws BatchFailedError, or the reason of `signal`
 */
export async function runBatch(
  definition: ConsumerDefinition,
  run: BatchRun,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const admitted = await admit(definition, run, signal);
  const { filtered, rejected } = admitted;
  const { given, held } = holdsKeys(definition) ? holdBack(admitted, run) : { given: admitted.given, held: [] };
  if (given.length === 0) return { filtered, rejected, failed: [], unhandled: held };
  const detail = definition.options.errorDetail;
  const world: ResultWorld = { detail, indexOf: indexesOf(given) };
  const result = await callHandler(definition, run, given, { world, signal });
  const answer = readResult(result, world);
  const unhandled = [...held, ...answer.unhandled].toSorted((a, b) => a - b);
  return { ...answer, filtered, unhandled, rejected: inOrder([...rejected, ...answer.rejected]) };
}

/** Whether a record that fails for good parks its partition key, so that nothing behind it of the same key may be handled. */
function holdsKeys({ options: { onFailure } }: ConsumerDefinition): boolean {
  return onFailure.then === 'park' && onFailure.parkBy === 'partitionKey';
}

function holdBack({ given, rejected }: Admitted, { records }: BatchRun): { given: Candidate[]; held: number[] } {
  const keyOf = (index: number): string => records[index]?.partitionKey ?? '';
  const firstRejected = new Map<string, number>();
  for (const { index } of rejected)
    firstRejected.set(keyOf(index), Math.min(index, firstRejected.get(keyOf(index)) ?? index));
  const isBehind = ({ index }: Candidate): boolean => index > (firstRejected.get(keyOf(index)) ?? Infinity);
  return {
    given: given.filter((candidate) => !isBehind(candidate)),
    held: given.filter(isBehind).map(({ index }) => index),
  };
}

interface Admitted {
  readonly filtered: number[];
  readonly rejected: FailedRecord[];
  readonly given: readonly Candidate[];
}

/** What the filter and the schema let through. */
async function admit(
  { filter, schema, options }: ConsumerDefinition,
  { records, shard }: BatchRun,
  signal: AbortSignal,
): Promise<Admitted> {
  const filtered: number[] = [];
  const rejected: FailedRecord[] = [];
  let given: Candidate[] = [];
  let index = -1;
  for (const raw of records) {
    index += 1;
    const record = new KinesisRecord(raw, shard);
    const verdict = filter === undefined ? true : passes(filter, record, options.errorDetail);
    if (verdict === true) given.push({ index, record });
    else if (verdict === false) filtered.push(index);
    else rejected.push({ index, error: { code: 'FILTER_FAILED', message: verdict } });
  }
  if (schema !== undefined) {
    const checked = await validateRecords(schema, given, options.errorDetail, signal);
    rejected.push(...checked.rejected);
    given = checked.valid.map(({ index, value }) => {
      const raw = records[index];
      if (raw === undefined) throw new Error('A record out of nowhere');
      return { index, record: new KinesisRecord(raw, shard, value) };
    });
  }
  return { filtered, rejected: inOrder(rejected), given };
}

/** A text if the filter failed. */
function passes(
  filter: (record: KinesisRecord) => unknown,
  record: KinesisRecord,
  detail: ErrorDetail,
): boolean | string {
  try {
    const answer = filter(record);
    if (typeof answer === 'boolean') return answer;
    // A promise may reject later: that must not take the process with it.
    if (isThenable(answer)) Promise.resolve(answer).catch(() => undefined);
    return `The filter gave a value of type ${answer === null ? 'null' : typeof answer}, not true or false`;
  } catch (error) {
    return `The filter threw: ${describeHandlerError(error, detail)}`;
  }
}

async function callHandler(
  definition: ConsumerDefinition,
  { shard, millisBehindLatest, attempt, fence, redrive, replay }: BatchRun,
  given: readonly Candidate[],
  { world, signal }: { world: ResultWorld; signal: AbortSignal },
): Promise<unknown> {
  const { handler, options, traceContext } = definition;
  const records = given.map(({ record }) => record);
  const batch = { records, shardId: shard.shardId, streamName: shard.streamName, millisBehindLatest };
  const attributes = (): Record<string, string> => ({
    'tidemark.consumer': options.name,
    'tidemark.stream': shard.streamName,
    'tidemark.shard': shard.shardId,
  });
  try {
    signal.throwIfAborted();
    const facts = { redrive, replay: replay !== undefined, dryRun: replay === 'dry', holdsKeys: holdsKeys(definition) };
    const context = { consumer: options.name, attempt, fence, ...facts, signal };
    return await withRecordSpans(traceContext, attributes, async () => handler(batch, context));
  } catch (error) {
    signal.throwIfAborted();
    throw isRecordRejected(error) ? rejection(error, given, world) : failure(error, world.detail);
  }
}

function failure(error: unknown, detail: ErrorDetail): BatchFailedError {
  return new BatchFailedError('failed', { code: 'HANDLER_FAILED', message: describeHandlerError(error, detail) });
}

const STRANGER =
  'The handler threw a RecordRejectedError with a record that is not of this batch. Name one of the objects that the handler was given.';

function rejection(error: RecordRejectedError, given: readonly Candidate[], world: ResultWorld): BatchFailedError {
  const { record } = error;
  const [only] = given;
  if (record === undefined && (only === undefined || given.length > 1)) return failure(error, world.detail);
  const index = record === undefined ? only?.index : world.indexOf(record);
  if (index === undefined) return new BatchFailedError('failed', { code: 'INVALID_RESULT', message: STRANGER });
  const message = describeHandlerError(error, world.detail);
  return new BatchFailedError('rejected', { code: 'RECORD_REJECTED', message }, index);
}

/** Made when it is first asked: most batches name no record. */
function indexesOf(given: readonly Candidate[]): (record: unknown) => number | undefined {
  let indexes: Map<unknown, number> | undefined;
  return (record) => {
    indexes ??= new Map(given.map((candidate) => [candidate.record, candidate.index]));
    return indexes.get(record);
  };
}

function inOrder(records: FailedRecord[]): FailedRecord[] {
  return records.toSorted((a, b) => a.index - b.index);
}
