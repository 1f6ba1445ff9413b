import { trace } from '@opentelemetry/api';
import consumer from '../../../examples/tracing/consumer';
import { tracedRunner } from '../../../src/activities/traced-runner';
import { inlineRunner } from '../../../src/handler/inline-runner';
import { requestOf } from '../handler/support/runs';

jest.mock('tidemark', () => jest.requireActual<object>('../../../src'), { virtual: true });

afterEach(() => {
  jest.restoreAllMocks();
  trace.disable();
});

interface Told {
  readonly name: string;
  readonly traceId: string;
  readonly id: string;
  readonly parentSpanContext?: { readonly traceId: string; readonly spanId: string };
}

it('the example prints the span of the run, and those of each record in the trace of its producer', async () => {
  const print = jest.spyOn(console, 'dir').mockImplementation();
  const traceId = 'a'.repeat(32);
  const records = [{ flight: 'ORD-1', traceparent: `00-${traceId}-${'b'.repeat(16)}-01` }, { flight: 'ORD-2' }];
  const request = requestOf(records.map((record) => JSON.stringify(record)));
  await tracedRunner(inlineRunner(consumer), consumer).run(request);
  const spans = print.mock.calls.map(([span]) => span as Told);
  expect(spans.map(({ name }) => name)).toEqual([
    'store flight',
    'tidemark.record',
    'store flight',
    'tidemark.handler',
  ]);
  const [first, record, second, run] = spans;
  expect(record).toMatchObject({ traceId, parentSpanContext: { spanId: 'b'.repeat(16) } });
  expect(first).toMatchObject({ traceId, parentSpanContext: { spanId: record?.id } });
  expect(second).toMatchObject({ traceId: run?.traceId, parentSpanContext: { spanId: run?.id } });
});
