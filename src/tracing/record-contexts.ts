import {
  context,
  createContextKey,
  SpanKind,
  trace,
  type Attributes,
  type Context,
  type Link,
} from '@opentelemetry/api';
import { contextFrom, type TraceCarrier } from './carrier';
import { inSpan, type SpanEnd } from './span';
import { quietly, tracerInUse } from './tracer';

/** Finds the trace context that a producer has put into a record. */
export type TraceContextHook<R> = (record: R) => TraceCarrier | undefined;

/** As many as OpenTelemetry's SDKs keep of one span by default. */
const MAX_LINKS = 128;

/** The traces that these records come from, each once. */
export function linksFrom<R>(hook: TraceContextHook<R> | undefined, records: Iterable<R>): Link[] {
  if (hook === undefined) return [];
  const links = new Map<string, Link>();
  for (const record of records) {
    const found = contextOf(hook, record);
    const span = found && trace.getSpanContext(found);
    if (span) links.set(`${span.traceId}/${span.spanId}`, { context: span });
    if (links.size >= MAX_LINKS) break;
  }
  return [...links.values()];
}

/** What spans of single records of a run are made of. */
interface RecordTracing {
  readonly hook: TraceContextHook<unknown>;
  readonly attributes: Attributes;
}

const RECORDS = createContextKey('tidemark.records');

/** Within it, `recordSpans` makes spans. */
export function withRecordSpans<R, T>(
  hook: TraceContextHook<R> | undefined,
  attributes: () => Attributes,
  run: () => T,
): T {
  if (hook === undefined || tracerInUse() === undefined) return run();
  const tracing = { hook: hook as TraceContextHook<unknown>, attributes: attributes() } satisfies RecordTracing;
  return context.with(context.active().setValue(RECORDS, tracing), run);
}

/** Handles one record as a part of the trace that it comes from, with a link to the run. Without such a trace it only runs. */
export type RecordSpans = <T>(
  record: { readonly sequenceNumber: string },
  run: () => Promise<T> | T,
  onError: (error: unknown) => SpanEnd,
) => Promise<T> | T;

/** Undefined where single records are not traced: asked once per run, not for each record. */
export function recordSpans(): RecordSpans | undefined {
  const active = context.active();
  const tracing = active.getValue(RECORDS) as RecordTracing | undefined;
  if (tracing === undefined) return undefined;
  const handlerSpan = trace.getSpanContext(active);
  const links = (): Link[] => (handlerSpan ? [{ context: handlerSpan }] : []);
  return (record, run, onError) => {
    const parent = contextOf(tracing.hook, record);
    if (parent === undefined) return run();
    const attributes = (): Attributes => ({
      ...tracing.attributes,
      'tidemark.sequence_number': record.sequenceNumber,
    });
    return inSpan({ name: 'tidemark.record', kind: SpanKind.CONSUMER, parent, attributes, links, onError }, run);
  };
}

const failed = new WeakSet<object>();

/** A hook that throws, or gives something else, is told of once: its records are handled without links. */
function contextOf<R>(hook: TraceContextHook<R>, record: R): Context | undefined {
  try {
    const carrier: unknown = hook(record);
    if (carrier === undefined || carrier === null) return undefined;
    if (isCarrier(carrier)) return quietly(() => contextFrom(carrier));
    // A promise may reject later: that must not take the process with it.
    if (carrier instanceof Promise) carrier.catch(() => undefined);
    warn(hook, 'gave something else than a carrier of strings');
  } catch {
    // The error's text may hold data.
    warn(hook, 'threw');
  }
  return undefined;
}

function isCarrier(value: unknown): value is TraceCarrier {
  const isText = (entry: unknown): boolean => entry === undefined || typeof entry === 'string';
  return (
    typeof value === 'object' && value !== null && !(value instanceof Promise) && Object.values(value).every(isText)
  );
}

function warn<R>(hook: TraceContextHook<R>, what: string): void {
  if (failed.has(hook)) return;
  failed.add(hook);
  process.emitWarning(
    `traceContext ${what}: such records are handled without a link to their trace`,
    'TidemarkWarning',
  );
}
