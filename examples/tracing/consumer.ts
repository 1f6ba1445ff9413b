// Traces: the handler's own spans nest under those of Tidemark, and each record goes on with its producer's trace.
// Run it with: npx tidemark run consumer.ts
import './tracing';
import { trace } from '@opentelemetry/api';
import { defineConsumer, eachRecord } from 'tidemark';

interface Flight {
  readonly flight: string;
  /** As the producer wrote it: `00-<trace id>-<span id>-<flags>`. */
  readonly traceparent?: string;
}

const tracer = trace.getTracer('flights');

export default defineConsumer({
  name: 'traced-flights',
  stream: 'flights',
  startFrom: 'LATEST',
  traceContext: (record) => ({ traceparent: record.json<Flight>().traceparent }),
  handler: eachRecord(async (record) => {
    const { flight } = record.json<Flight>();
    await tracer.startActiveSpan('store flight', async (span) => {
      span.setAttribute('flight', flight);
      await Promise.resolve(); // here would be the work
      span.end();
    });
  }),
});
