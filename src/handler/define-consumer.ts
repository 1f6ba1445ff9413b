import type { DeadLetter } from '../core/dead-letter';
import { show } from '../core/option-checks';
import type { ConsumerOptions } from '../core/options';
import { resolveOptions, type ResolvedOptions } from '../core/resolve-options';
import type { TraceCarrier } from '../tracing/carrier';
import type { BatchHandler, RecordFilter } from './handler';
import type { KinesisRecord } from './record';
import { isStandardSchema, type StandardSchema } from './standard-schema';

/** Is told of each record that is set aside, before the checkpoint passes it. If it fails, nothing is committed, and it is called again. */
export type DeadLetterHook = (letter: DeadLetter) => Promise<void> | void;

/** The trace context of a record, as W3C trace context or what the application's propagator reads; undefined where it has none. */
export type RecordTraceContext = (record: KinesisRecord) => TraceCarrier | undefined;

/** What a consumer file exports: options, and what happens with the records. `T` is what the schema gives. */
export interface ConsumerInput<T = unknown> extends ConsumerOptions {
  /**
   * Handles one batch: committed when it resolves, tried again when it rejects. See `HandlerResult` for what it may return, and
   * `eachRecord` for one record at a time.
   */
  readonly handler: BatchHandler<NoInfer<T>>;
  /**
   * A Standard Schema v1 validator (zod, valibot, arktype, …) of each record's JSON. The handler gets what it makes of it as `record.value`. A
   * record that is not JSON or does not validate, or whose validation throws, is rejected: it is not tried again.
   */
  readonly schema?: StandardSchema<T>;
  /**
   * Which records the handler is to get. Runs before the schema; the others are counted and passed over. A record on which it throws, or
   * gives something else than true or false, is rejected.
   */
  readonly filter?: RecordFilter;
  /**
   * Finds the trace context that a producer has put into a record, as a carrier such as `{ traceparent, tracestate }`; undefined where there is
   * none. The span of the handler links to the traces of its records, 128 at most, and with `eachRecord` each record is a span of its own
   * trace. Called only while an OpenTelemetry SDK is registered, in the main thread, before filter and schema. If it throws, the record is
   * handled without.
   */
  readonly traceContext?: RecordTraceContext;
  /** Called for each dead letter, in the main thread: the place to copy it to a queue or bucket of your own. May be called twice. */
  readonly onDeadLetter?: DeadLetterHook;
}

/** A checked consumer. Made by `defineConsumer` only. */
export interface ConsumerDefinition {
  readonly options: ResolvedOptions;
  readonly handler: BatchHandler;
  readonly schema?: StandardSchema;
  readonly filter?: RecordFilter;
  readonly traceContext?: RecordTraceContext;
  readonly onDeadLetter?: DeadLetterHook;
}

/** Brand that survives two copies of this package in one process (a consumer file may resolve its own). */
const BRAND = Symbol.for('tidemark.consumer');

/**
 * Defines a consumer: who it is, what it reads, how batches are formed, and what happens with them.
 * @throws `INVALID_OPTION` that names every wrong option
 */
export function defineConsumer<T = undefined>(input: ConsumerInput<T>): ConsumerDefinition {
  const { handler, schema, filter, traceContext, onDeadLetter, ...options } = input ?? {};
  const problems = typeof handler === 'function' ? [] : [expected('handler', 'a function', handler)];
  if (schema !== undefined && !isStandardSchema(schema))
    problems.push(expected('schema', 'a Standard Schema v1 validator (zod, valibot, arktype, …)', schema));
  for (const [name, value] of Object.entries({ filter, traceContext, onDeadLetter }))
    if (value !== undefined && typeof value !== 'function') problems.push(expected(name, 'a function', value));
  const resolved = resolveOptions(options, problems);
  return Object.freeze({
    [BRAND]: true,
    options: Object.freeze(resolved),
    // The schema makes its values; the types of both agree by the type of `input`.
    handler: handler as BatchHandler,
    ...(schema === undefined ? {} : { schema }),
    ...(filter === undefined ? {} : { filter }),
    ...(traceContext === undefined ? {} : { traceContext }),
    ...(onDeadLetter === undefined ? {} : { onDeadLetter }),
  });
}

function expected(name: string, what: string, given: unknown): string {
  return `Expected \`${name}\` to be ${what}, got ${show(given)}`;
}

export function isConsumerDefinition(value: unknown): value is ConsumerDefinition {
  return typeof value === 'object' && value !== null && BRAND in value;
}
