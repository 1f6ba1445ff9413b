import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';

/** What this process traces, from `startTracing` to `stopTracing`. */
export class Traces {
  private readonly exporter = new InMemorySpanExporter();
  private readonly manager = new AsyncLocalStorageContextManager().enable();

  constructor() {
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.exporter)] }),
    );
    context.setGlobalContextManager(this.manager);
  }

  /** Spans that have ended, oldest end first. */
  get spans(): ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The one span of this name. */
  one(name: string): ReadableSpan {
    const [span, ...others] = this.named(name);
    if (span === undefined || others.length > 0) throw new Error(`${others.length + (span ? 1 : 0)} spans of ${name}`);
    return span;
  }

  /** Names of the spans that hang directly under this one, in the order in which they ended. */
  under(parent: ReadableSpan): string[] {
    const { spanId } = parent.spanContext();
    return this.spans.filter((span) => span.parentSpanContext?.spanId === spanId).map(({ name }) => name);
  }

  stop(): void {
    trace.disable();
    context.disable();
    propagation.disable();
    this.manager.disable();
  }
}
