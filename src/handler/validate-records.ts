import type { FailedRecord, RecordError } from '../core/outcome';
import { describeHandlerError, oneLine, type ErrorDetail } from './describe-error';
import type { KinesisRecord } from './record';
import { safeName } from './safe-stack';
import type { StandardSchema, ValidationIssue } from './standard-schema';

/** Validations that wait for something: so many at the same time. */
const MAX_UNDER_WAY = 64;
const MAX_ISSUES = 10;

export interface Candidate {
  readonly index: number;
  readonly record: KinesisRecord;
}

export interface Validated {
  readonly index: number;
  readonly record: KinesisRecord;
  readonly value: unknown;
}

/**
 * The values that the schema makes of the records' JSON; the others are rejected. Both in order.
 * @throws the reason of `signal`
 */
export async function validateRecords(
  schema: StandardSchema,
  candidates: readonly Candidate[],
  detail: ErrorDetail,
  signal: AbortSignal,
): Promise<{ valid: Validated[]; rejected: FailedRecord[] }> {
  const verdicts: Verdict[] = [];
  let underWay: Promise<unknown>[] = [];
  for (const [at, { record }] of candidates.entries()) {
    const verdict = judge(schema, record, detail);
    if (!(verdict instanceof Promise)) verdicts[at] = verdict;
    else underWay.push(verdict.then((late) => (verdicts[at] = late)));
    if (underWay.length < MAX_UNDER_WAY) continue;
    await Promise.all(underWay);
    underWay = [];
    signal.throwIfAborted();
  }
  await Promise.all(underWay);
  signal.throwIfAborted();
  const valid: Validated[] = [];
  const rejected: FailedRecord[] = [];
  for (const [at, candidate] of candidates.entries()) {
    const verdict = verdicts[at];
    if (verdict === undefined) throw new Error('A record without a verdict');
    if ('error' in verdict) rejected.push({ index: candidate.index, error: verdict.error });
    else valid.push({ ...candidate, value: verdict.value });
  }
  return { valid, rejected };
}

type Verdict = { readonly value: unknown } | { readonly error: RecordError };

/** Never throws or rejects: a validator that does has rejected the record. */
function judge(schema: StandardSchema, record: KinesisRecord, detail: ErrorDetail): Verdict | Promise<Verdict> {
  const json = parseJson(record);
  if (json === undefined) return invalid('the payload is not JSON');
  try {
    const result: unknown = schema['~standard'].validate(json.value);
    if (!isThenable(result)) return verdictOf(result, detail);
    return Promise.resolve(result).then(
      (late) => verdictOf(late, detail),
      (error: unknown) => threw(error, detail),
    );
  } catch (error) {
    return threw(error, detail);
  }
}

function parseJson(record: KinesisRecord): { value: unknown } | undefined {
  try {
    return { value: record.json() };
  } catch {
    // Without its message, which quotes the payload.
    return undefined;
  }
}

function verdictOf(result: unknown, detail: ErrorDetail): Verdict {
  try {
    const { issues } = result as { issues?: unknown };
    if (issues !== undefined) return invalid(describeIssues(issues as readonly ValidationIssue[], detail));
    if ('value' in (result as object)) return { value: (result as { value: unknown }).value };
  } catch (error) {
    return threw(error, detail);
  }
  return invalid('the validator gave neither a value nor issues');
}

function threw(error: unknown, detail: ErrorDetail): Verdict {
  return invalid(`the validator threw: ${describeHandlerError(error, detail)}`);
}

function invalid(why: string): { error: RecordError } {
  return { error: { code: 'SCHEMA_INVALID', message: `The record does not validate: ${why}` } };
}

/** How many issues and of which codes; with `message` where and what, which may quote the payload. */
function describeIssues(issues: readonly ValidationIssue[], detail: ErrorDetail): string {
  const shown = issues.slice(0, MAX_ISSUES);
  const count = `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}`;
  if (detail === 'code') {
    const codes = [...new Set(shown.map(codeOf).filter((code) => code !== undefined))];
    return codes.length === 0 ? count : `${count} (${codes.join(', ')})`;
  }
  const texts = shown.map((issue) => [pathOf(issue), String(issue.message)].filter(Boolean).join(': '));
  return oneLine(`${count}: ${texts.join('; ')}`);
}

/** Not part of the standard: zod and arktype have a `code`, valibot a `type`. */
function codeOf(issue: ValidationIssue): string | undefined {
  const { code, type } = issue as { code?: unknown; type?: unknown };
  return safeName(code) ?? safeName(type);
}

function pathOf({ path = [] }: ValidationIssue): string {
  return path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
}

/** Also a promise of another realm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
