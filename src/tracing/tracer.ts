import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api';

/** Name of the instrumentation scope: it stands in users' queries, and never changes. */
const SCOPE = 'tidemark';

/** What stands for a provider while none is registered; of another copy of the API perhaps, so it is told by what it can do. */
type Proxy = TracerProvider & { readonly getDelegateTracer?: (name: string) => Tracer | undefined };

/** Undefined as long as nobody has registered a tracer provider: then tracing is off, and costs the question. */
export function tracerInUse(): Tracer | undefined {
  const provider: Proxy = trace.getTracerProvider();
  return provider.getDelegateTracer ? provider.getDelegateTracer(SCOPE) : provider.getTracer(SCOPE);
}

/** Tracing tells of work, and never harms it: whatever its hooks, samplers and exporters throw is dropped. */
export function quietly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
