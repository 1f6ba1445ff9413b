import { TidemarkError } from './errors';
import type { FailurePolicy } from './failure-policy';
import { resolveFanOut, type ResolvedFanOut } from './fan-out-options';
import { DEAD_LETTER_TTL_RANGE, defaultConsumerOptions, optionRanges } from './option-values';
import type { AwsOptions, ConsumerOptions, WireFormat } from './options';
import { resolveFailurePolicy } from './resolve-failure-policy';
import { isWholeBetween, matching, oneOf, show, typeOf, unknownOptions } from './option-checks';
import { resolveReadBudget, type ReadBudget } from './read-budget';
import { parseStream, type StreamRef } from './stream-ref';

/** The start position as the user asked for it, JSON-safe. `LATEST` is resolved to a time when the consumer is first started. */
export type RequestedStart =
  | { readonly at: 'TRIM_HORIZON' }
  | { readonly at: 'LATEST' }
  | { readonly at: 'AT_TIMESTAMP'; readonly timestampMs: number };

type Tuning = { readonly [K in keyof typeof optionRanges]: number };

/** Every option with its value. */
export interface ResolvedOptions extends Tuning, StreamRef {
  readonly name: string;
  readonly start: RequestedStart;
  readonly tableName: string;
  readonly errorDetail: 'code' | 'message';
  readonly onFailure: FailurePolicy;
  /** Undefined: shards are polled. */
  readonly fanOut?: ResolvedFanOut;
  readonly isolation: 'inline' | 'thread';
  readonly openAggregates: boolean;
  readonly wire: WireFormat;
  readonly onDataLoss: 'stop' | 'continue';
  readonly file?: string;
  readonly deadLetterTtlMs?: number;
  /** Undefined: as the endpoint has it. */
  readonly readBudget?: ReadBudget | 'off';
  readonly aws: AwsOptions;
}

const CONSUMER_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const TABLE_NAME = /^[A-Za-z0-9_.-]{3,255}$/;

const KNOWN = [
  ...[
    'name',
    'stream',
    'startFrom',
    'tableName',
    'errorDetail',
    'onFailure',
    'fanOut',
    'isolation',
    'openAggregates',
    'wire',
    'onDataLoss',
    'file',
    'deadLetterTtlMs',
    'readBudget',
    'aws',
  ],
  ...Object.keys(optionRanges),
];
const KNOWN_AWS = ['region', 'kinesisEndpoint', 'dynamodbEndpoint', 'credentials'];

/**
 * All options checked and completed. `found` are problems that the caller has found elsewhere, to be named with the others.
 * @throws `INVALID_OPTION` that names every wrong option, what was expected and what was given.
 */
export function resolveOptions(options: ConsumerOptions, found: readonly string[] = []): ResolvedOptions {
  const problems = [...found];
  const check = <T>(value: T | undefined, option: string, expected: string, given: unknown): T | undefined => {
    if (value === undefined) problems.push(`Expected \`${option}\` to be ${expected}, got ${show(given)}`);
    return value;
  };
  if (typeof options !== 'object' || options === null)
    throw invalid([`Expected an object of options, got ${show(options)}`]);

  const given: Partial<Record<keyof ConsumerOptions, unknown>> = options;
  const name = check(matching(given.name, CONSUMER_NAME), 'name', '1 to 128 letters, digits or _.-', given.name);
  const stream = check(parseStream(given.stream), 'stream', 'a stream name or a stream ARN', given.stream);
  const start = check(parseStart(given.startFrom), 'startFrom', START_EXPECTED, given.startFrom);
  const table = given.tableName ?? defaultConsumerOptions.tableName;
  const tableName = check(matching(table, TABLE_NAME), 'tableName', '3 to 255 letters, digits or _.-', table);
  const openAggregates = resolveFlag(given, problems);
  const more = { openAggregates, ...resolveChoices(given, problems), ...resolveOptional(given, problems) };
  const onFailure = resolveFailurePolicy(given.onFailure, problems);
  const fanOut = resolveFanOut(given.fanOut, name ?? '', problems);
  const tuning = resolveTuning(given, problems);
  const readBudget = resolveReadBudget(given.readBudget, problems);
  const aws = resolveAws(given.aws, problems);
  problems.push(...unknownOptions(given, KNOWN, ''));

  if (problems.length > 0 || !name || !stream || !start || !tableName) throw invalid(problems);
  const choices = { onFailure, ...(fanOut ? { fanOut } : {}), readBudget };
  return { name, ...stream, start, tableName, ...choices, aws, ...more, ...tuning };
}

function invalid(problems: readonly string[]): TidemarkError {
  const list =
    problems.length === 1 ? ` ${problems[0]}` : `\n${problems.map((problem) => `  - ${problem}`).join('\n')}\n`;
  return new TidemarkError('INVALID_OPTION', `Wrong consumer options:${list}`);
}

function resolveTuning(given: Partial<Record<keyof ConsumerOptions, unknown>>, problems: string[]): Tuning {
  const entries = Object.entries(optionRanges).map(([option, [min, max]]) => {
    const key = option as keyof typeof optionRanges;
    const value = given[key] ?? defaultConsumerOptions[key];
    if (!isWholeBetween(value, min, max)) {
      problems.push(`Expected \`${option}\` to be a whole number from ${min} to ${max}, got ${show(value)}`);
    }
    return [option, value];
  });
  return Object.fromEntries(entries) as Tuning;
}

const CHOICES = {
  errorDetail: ['code', 'message'],
  isolation: ['inline', 'thread'],
  wire: ['auto', 'cbor', 'json'],
  onDataLoss: ['continue', 'stop'],
} as const;

function resolveChoices(
  given: Partial<Record<keyof ConsumerOptions, unknown>>,
  problems: string[],
): Pick<ResolvedOptions, keyof typeof CHOICES> {
  const choose = <K extends keyof typeof CHOICES>(option: K): (typeof CHOICES)[K][number] => {
    const value = given[option] ?? defaultConsumerOptions[option];
    const chosen = oneOf<(typeof CHOICES)[K][number]>(value, CHOICES[option]);
    const expected = CHOICES[option].map((choice) => `'${choice}'`).join(' or ');
    if (chosen === undefined) problems.push(`Expected \`${option}\` to be ${expected}, got ${show(value)}`);
    return chosen ?? defaultConsumerOptions[option];
  };
  return {
    errorDetail: choose('errorDetail'),
    isolation: choose('isolation'),
    onDataLoss: choose('onDataLoss'),
    wire: choose('wire'),
  };
}

function resolveFlag(given: Partial<Record<keyof ConsumerOptions, unknown>>, problems: string[]): boolean {
  const value = given.openAggregates ?? defaultConsumerOptions.openAggregates;
  if (typeof value !== 'boolean') problems.push(`Expected \`openAggregates\` to be true or false, got ${show(value)}`);
  return value === true;
}

/** Options that have no default. */
function resolveOptional(
  { file, deadLetterTtlMs }: Partial<Record<keyof ConsumerOptions, unknown>>,
  problems: string[],
): Pick<ResolvedOptions, 'file' | 'deadLetterTtlMs'> {
  const [min, max] = DEAD_LETTER_TTL_RANGE;
  if (file !== undefined && (typeof file !== 'string' || file === ''))
    problems.push(`Expected \`file\` to be a path or a file URL, got ${show(file)}`);
  if (deadLetterTtlMs !== undefined && !isWholeBetween(deadLetterTtlMs, min, max))
    problems.push(
      `Expected \`deadLetterTtlMs\` to be a whole number from ${min} to ${max}, got ${show(deadLetterTtlMs)}`,
    );
  return {
    ...(file === undefined ? {} : { file: file as string }),
    ...(deadLetterTtlMs === undefined ? {} : { deadLetterTtlMs: deadLetterTtlMs as number }),
  };
}

function resolveAws(aws: unknown, problems: string[]): AwsOptions {
  if (aws === undefined) return {};
  if (typeof aws !== 'object' || aws === null || Array.isArray(aws)) {
    problems.push(`Expected \`aws\` to be an object, got ${show(aws)}`);
    return {};
  }
  const given = aws as Record<string, unknown>;
  problems.push(...unknownOptions(given, KNOWN_AWS, 'aws.'));
  for (const option of ['kinesisEndpoint', 'dynamodbEndpoint']) {
    const value = given[option];
    if (value !== undefined && !isUrl(value))
      problems.push(`Expected \`aws.${option}\` to be an http(s) URL, got ${show(value)}`);
  }
  if (given.region !== undefined && matching(given.region, /^[a-z0-9-]+$/) === undefined) {
    problems.push(`Expected \`aws.region\` to be a region name such as eu-west-1, got ${show(given.region)}`);
  }
  if (given.credentials !== undefined && !areCredentials(given.credentials)) {
    problems.push(`Expected \`aws.credentials\` to be ${CREDENTIALS_EXPECTED}, got ${typeOf(given.credentials)}`);
  }
  return aws;
}

const CREDENTIALS_EXPECTED = '{ accessKeyId, secretAccessKey, sessionToken? } or a function that gives them';

function areCredentials(value: unknown): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { accessKeyId, secretAccessKey } = value as Record<string, unknown>;
  return typeof accessKeyId === 'string' && typeof secretAccessKey === 'string';
}

const START_EXPECTED = "'TRIM_HORIZON', 'LATEST' or { timestamp: Date | ISO 8601 string | epoch milliseconds }";

function parseStart(value: unknown): RequestedStart | undefined {
  if (value === 'TRIM_HORIZON' || value === 'LATEST') return { at: value };
  if (typeof value !== 'object' || value === null || !('timestamp' in value)) return undefined;
  const { timestamp } = value;
  const isTime = timestamp instanceof Date || typeof timestamp === 'string' || typeof timestamp === 'number';
  const timestampMs = isTime ? new Date(timestamp).getTime() : Number.NaN;
  return Number.isFinite(timestampMs) && timestampMs >= 0 ? { at: 'AT_TIMESTAMP', timestampMs } : undefined;
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:/.test(value);
}
