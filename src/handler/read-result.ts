import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { FailedRecord } from '../core/outcome';
import { describeHandlerError, isErrorLike, oneLine, type ErrorDetail } from './describe-error';
import { BatchFailedError, type RunOutcome } from './handler-runner';
import { isRecordRejected } from './record-rejected-error';
import { isPlainObject, problemOfEffects } from './plain-data';

const EXPECTED = 'Expected nothing, { failures, unhandled? } or { transact }';
const DO = 'Await what the handler does and return nothing; throw if the batch failed';

/** What a handler's answer may name, and how its errors are told. */
export interface ResultWorld {
  /** Index of a record among those of the run; undefined if the handler was not given it. */
  readonly indexOf: (record: unknown) => number | undefined;
  readonly detail: ErrorDetail;
}

type Answer = Pick<RunOutcome, 'rejected' | 'failed' | 'unhandled' | 'transact'>;

const NOTHING_FAILED: Answer = { rejected: [], failed: [], unhandled: [] };

/**
 * What a handler's answer says. Indexes ascend.
 * @throws BatchFailedError of code `INVALID_RESULT` for everything that is not known to be an answer: it never counts as success
 */
export function readResult(result: unknown, world: ResultWorld): Answer {
  if (result === undefined) return NOTHING_FAILED;
  try {
    return readAnswer(result, world);
  } catch (error) {
    if (error instanceof BatchFailedError) throw error;
    // A getter or proxy of the user's.
    throw invalidResult('a value that cannot be read');
  }
}

function readAnswer(result: unknown, world: ResultWorld): Answer {
  if (!isPlainObject(result)) throw invalidResult(`a value (${shapeOf(result)})`);
  const keys = Object.keys(result);
  refuseUnknownKeys(result, ['failures', 'unhandled', 'transact'], 'an object', world);
  if ('transact' in result && keys.length > 1)
    throw invalidResult('`transact` beside other keys', 'Return effects only if the whole batch was handled');
  if ('transact' in result) return { ...NOTHING_FAILED, transact: readEffects(result.transact) };
  if (!('failures' in result)) throw invalidResult('an object without `failures`');
  return readFailures(result.failures, result.unhandled, world);
}

function readEffects(transact: unknown): readonly TransactWriteItem[] {
  if (!Array.isArray(transact)) throw invalidResult(`\`transact\` of type ${shapeOf(transact)}, not an array`, EFFECTS);
  // By position, because holes are skipped by forEach.
  for (let at = 0; at < transact.length; at += 1) {
    const problem = problemOfEffects(transact[at]);
    if (problem !== undefined) throw invalidResult(`\`transact[${at}]\` ${problem}`, EFFECTS);
  }
  return transact as TransactWriteItem[];
}

const EFFECTS =
  'Each item is one of { Put }, { Update }, { Delete } and { ConditionCheck }, with values such as { S: "text" }';

function readFailures(failures: unknown, unhandled: unknown, world: ResultWorld): Answer {
  if (!Array.isArray(failures)) throw invalidResult(`\`failures\` of type ${shapeOf(failures)}, not an array`, DO);
  if (unhandled !== undefined && !Array.isArray(unhandled))
    throw invalidResult(`\`unhandled\` of type ${shapeOf(unhandled)}, not an array`, DO);
  const named = new Set<number>();
  const rejected: FailedRecord[] = [];
  const failed: FailedRecord[] = [];
  for (let at = 0; at < failures.length; at += 1) {
    const { isFinal, ...failure } = readFailure(failures[at], `\`failures[${at}]\``, named, world);
    (isFinal ? rejected : failed).push(failure);
  }
  const first = Math.min(...named);
  const untried: number[] = [];
  for (let at = 0; at < (unhandled?.length ?? 0); at += 1) {
    const where = `\`unhandled[${at}]\``;
    const index = readRecord(unhandled?.[at], where, named, world);
    // Nothing would count the attempts of a batch whose first unhandled record has no failure before it.
    if (index < first) throw invalidResult(`${where}, a record without a failure before it`, UNHANDLED);
    untried.push(index);
  }
  return {
    rejected: rejected.toSorted((a, b) => a.index - b.index),
    failed: failed.toSorted((a, b) => a.index - b.index),
    unhandled: untried.toSorted((a, b) => a - b),
  };
}

const UNHANDLED = 'A record is unhandled because of a failure before it in the batch: name that failure, or throw';
const NAME_ONCE = 'Name each record once, by the object that the handler was given';

function readFailure(
  given: unknown,
  where: string,
  named: Set<number>,
  world: ResultWorld,
): FailedRecord & { isFinal: boolean } {
  if (!isPlainObject(given)) throw invalidResult(`${where} of type ${shapeOf(given)}`, FAILURE);
  refuseUnknownKeys(given, ['record', 'reason', 'retryable'], where, world);
  const { record, reason, retryable } = given;
  const index = readRecord(record, `${where}.record`, named, world);
  if (retryable !== undefined && typeof retryable !== 'boolean')
    throw invalidResult(`${where}.retryable of type ${shapeOf(retryable)}`, FAILURE);
  const message = readReason(reason, where, world.detail);
  const isRejection = isRecordRejected(reason);
  const isFinal = retryable === false || isRejection;
  return { index, error: { code: isFinal ? 'RECORD_REJECTED' : 'HANDLER_FAILED', message }, isFinal };
}

const FAILURE = 'A failure is { record, reason, retryable? }';

function refuseUnknownKeys(given: object, known: readonly string[], where: string, { detail }: ResultWorld): void {
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  // The names of keys may be data: a handler may return what it has parsed.
  const names = detail === 'message' ? `: ${oneLine(unknown.slice(0, 10).join(', '))}` : '';
  throw invalidResult(`${where} with ${unknown.length} keys other than ${known.join(', ')}${names}`);
}

function readReason(reason: unknown, where: string, detail: ErrorDetail): string {
  if (typeof reason === 'string') {
    if (reason.trim() === '') throw invalidResult(`${where}.reason that is empty`, 'Say why the record failed');
    return detail === 'message' ? oneLine(reason) : 'the reason is a text, which errorDetail hides';
  }
  if (isErrorLike(reason)) return describeHandlerError(reason, detail);
  throw invalidResult(`${where}.reason of type ${shapeOf(reason)}`, 'A reason is an Error or a text');
}

function readRecord(record: unknown, where: string, named: Set<number>, { indexOf }: ResultWorld): number {
  const index = indexOf(record);
  if (index === undefined) throw invalidResult(`${where} that is no record of this batch`, NAME_ONCE);
  if (named.has(index)) throw invalidResult(`${where}, a record that is named twice`, NAME_ONCE);
  named.add(index);
  return index;
}

/** `what` names shapes and places, never a value. */
function invalidResult(what: string, advice = DO): BatchFailedError {
  const message = `The handler returned ${what}. ${EXPECTED}. ${advice}.`;
  return new BatchFailedError('failed', { code: 'INVALID_RESULT', message });
}

function shapeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' ? 'object of a class' : typeof value;
}
