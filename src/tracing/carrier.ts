import {
  context,
  createTraceState,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';

/** Trace context as messages carry it: by W3C `traceparent` and `tracestate`, or whatever the propagator in use reads. */
export type TraceCarrier = Readonly<Record<string, string | undefined>>;

/** The active span as another thread gets it. */
export interface CarriedSpan extends Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'> {
  readonly traceState?: string;
}

export function carryActiveSpan(): CarriedSpan | undefined {
  const active = trace.getSpanContext(context.active());
  if (active === undefined || !isSpanContextValid(active)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = active;
  return { traceId, spanId, traceFlags, ...(traceState ? { traceState: traceState.serialize() } : {}) };
}

/** The other side of `carryActiveSpan`: what begins spans there nests under the span that was carried. */
export function withCarriedSpan<T>(carried: CarriedSpan | undefined, run: () => T): T {
  if (carried === undefined) return run();
  const { traceState, ...span } = carried;
  const remote = { ...span, isRemote: true, ...(traceState ? { traceState: createTraceState(traceState) } : {}) };
  return context.with(trace.setSpanContext(context.active(), remote), run);
}

const TRACEPARENT = /^\s*[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?\s*$/;

/** Undefined where the carrier holds no valid trace context. */
export function contextFrom(carrier: TraceCarrier): Context | undefined {
  const extracted = propagation.extract(ROOT_CONTEXT, carrier);
  if (isIn(extracted)) return extracted;
  // An application may register a provider without a propagator: the standard's header is read in any case.
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(carrier.traceparent ?? '') ?? [];
  const { tracestate } = carrier;
  const traceState = tracestate ? createTraceState(tracestate) : undefined;
  const read = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  if (!isSpanContextValid(read)) return undefined;
  return trace.setSpanContext(ROOT_CONTEXT, traceState ? { ...read, traceState } : read);
}

function isIn(where: Context): boolean {
  const found = trace.getSpanContext(where);
  return found !== undefined && isSpanContextValid(found);
}
