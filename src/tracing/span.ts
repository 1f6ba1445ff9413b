import {
  context,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { quietly, tracerInUse } from './tracer';

/** Names of spans stand in users' queries: they never change their meaning. */
export type SpanName =
  'tidemark.slice' | 'tidemark.fetch' | 'tidemark.handler' | 'tidemark.record' | 'tidemark.commit' | 'tidemark.redrive';

/** How work ended. `error` is a code, never a text: texts may hold data. */
export interface SpanEnd {
  readonly attributes?: Attributes;
  readonly error?: string;
}

export interface SpanOf<T> {
  readonly name: SpanName;
  readonly kind?: SpanKind;
  /** Asked for only if somebody traces. */
  readonly attributes: () => Attributes;
  readonly links?: () => Link[];
  /** Where the span hangs. Default: the active context. */
  readonly parent?: Context;
  readonly onResult?: (result: T) => SpanEnd;
  readonly onError: (error: unknown) => SpanEnd;
}

/** Runs something as a span, active meanwhile: spans begun in it are its children. Without a tracer provider it only runs. */
export async function inSpan<T>(span: SpanOf<T>, run: () => Promise<T> | T): Promise<T> {
  const tracer = quietly(tracerInUse);
  if (tracer === undefined) return run();
  const base = span.parent ?? context.active();
  const begun = quietly(() => begin(tracer, span, base));
  if (begun === undefined) return run();
  try {
    const result = await context.with(trace.setSpan(base, begun), run);
    finish(begun, () => span.onResult?.(result) ?? {});
    return result;
  } catch (error) {
    finish(begun, () => span.onError(error));
    throw error;
  }
}

/** A span of what is over: for work of which only the outcome tells whether it is worth one. */
export function addSpan<T>(
  span: Omit<SpanOf<T>, 'onResult' | 'onError'>,
  { beganAtMs, end }: { readonly beganAtMs: number; readonly end: SpanEnd },
): void {
  const begun = quietly(() => {
    const tracer = tracerInUse();
    return tracer && begin(tracer, span, span.parent ?? context.active(), beganAtMs);
  });
  if (begun) finish(begun, () => end);
}

function begin<T>(
  tracer: Tracer,
  { name, kind, attributes, links }: Omit<SpanOf<T>, 'onError'>,
  parent: Context,
  startTime?: number,
): Span {
  return tracer.startSpan(name, { kind, attributes: attributes(), links: links?.(), startTime }, parent);
}

function finish(span: Span, ask: () => SpanEnd): void {
  quietly(() => {
    const { attributes, error } = ask();
    if (attributes) span.setAttributes(attributes);
    if (error === undefined) return;
    span.setAttribute('error.type', error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  });
  quietly(() => span.end());
}
