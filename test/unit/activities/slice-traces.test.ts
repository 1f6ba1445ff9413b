import { context, propagation, SpanKind, SpanStatusCode, trace, type SpanContext } from '@opentelemetry/api';
import { eachRecord } from '../../../src';
import { Traces } from '../../support/traces';
import { SliceScene, SHARD } from './support/slice-scene';

let scene: SliceScene;
let traces: Traces;

beforeEach(async () => {
  scene = await SliceScene.open({ historyIntervalMs: 0 });
  traces = new Traces();
});

afterEach(async () => {
  traces.stop();
  await scene.close();
});

const TRACE_A = 'a'.repeat(32);

/** The trace context that a producer has put into a record, which is all of its payload. */
function carrierOf(text: string) {
  return text.startsWith('00-') ? { traceparent: text } : undefined;
}

function traceparent(number: number, traceId = TRACE_A): string {
  return `00-${traceId}-${number.toString(16).padStart(16, '0')}-01`;
}

describe('the spans of a slice', () => {
  it('are fetch, handler and commit under the slice, which names its workflow', async () => {
    scene.put('a', 'b');
    await scene.run({ attempt: 1 });
    const slice = traces.one('tidemark.slice');
    expect(slice.parentSpanContext).toBeUndefined();
    expect(traces.under(slice)).toEqual(['tidemark.fetch', 'tidemark.handler', 'tidemark.commit']);
    expect(slice.attributes).toMatchObject({
      'tidemark.consumer': 'delays',
      'tidemark.stream': 'flights',
      'tidemark.shard': SHARD,
      'temporal.workflow_id': 'workflow',
      'temporal.run_id': 'run-1',
      'temporal.activity_attempt': 1,
      'tidemark.position.from': 'TRIM_HORIZON',
      'tidemark.position.to': `AFTER ${scene.sequenceNumbers()[1]}`,
      'tidemark.end': 'interval',
      'tidemark.records': 2,
      'tidemark.batches': 1,
    });
    expect(slice.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('tell positions and counts', async () => {
    scene.put('a', 'b');
    const [first, last] = scene.sequenceNumbers();
    await scene.run();
    const range = { 'tidemark.sequence_number.first': first, 'tidemark.sequence_number.last': last };
    expect(traces.one('tidemark.fetch').attributes).toMatchObject({ ...range, 'tidemark.records': 2 });
    const handler = traces.one('tidemark.handler');
    expect(handler).toMatchObject({ kind: SpanKind.CONSUMER });
    expect(handler.attributes).toMatchObject({ ...range, 'tidemark.records': 2, 'tidemark.attempt': 1 });
    expect(traces.one('tidemark.commit').attributes).toMatchObject({
      'tidemark.position.from': 'TRIM_HORIZON',
      'tidemark.position.to': `AFTER ${last}`,
      'tidemark.records': 2,
      'tidemark.effects': 0,
    });
  });

  it('never hold a payload or a partition key', async () => {
    scene.put('secret-payload');
    scene.handler = () => Promise.reject(new Error('secret-payload'));
    scene.traceContext = () => {
      throw new Error('secret-payload');
    };
    jest.spyOn(process, 'emitWarning').mockImplementation();
    await scene.fail(scene.begin());
    const told = traces.spans.map(({ name, attributes, events, status, links }) => {
      return { name, attributes, events, status, links };
    });
    expect(told).toHaveLength(3);
    expect(JSON.stringify(told)).not.toMatch(/secret|"key"/);
    jest.restoreAllMocks();
  });

  it('have the code of what failed, handler and slice', async () => {
    scene.put('a');
    scene.handler = () => Promise.reject(new Error('no'));
    await scene.fail(scene.begin());
    for (const name of ['tidemark.handler', 'tidemark.slice']) {
      const { status, attributes } = traces.one(name);
      expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'HANDLER_FAILED' });
      expect(attributes).toMatchObject({ 'error.type': 'HANDLER_FAILED' });
    }
    expect(traces.named('tidemark.commit')).toEqual([]);
  });

  it('count the records that a handler names', async () => {
    scene.put('a', 'b');
    scene.handler = ({ records }) => ({ failures: records.slice(1).map((record) => ({ record, reason: 'no' })) });
    await scene.fail(scene.begin());
    const { status, attributes } = traces.one('tidemark.handler');
    expect(attributes).toMatchObject({ 'tidemark.records.failed': 1, 'tidemark.records': 2 });
    expect(status).toMatchObject({ code: SpanStatusCode.ERROR });
    expect(traces.one('tidemark.commit').attributes).toMatchObject({ 'tidemark.records': 1 });
  });

  it('tell of a call to Kinesis that failed', async () => {
    const fault = { operation: 'GetRecords', times: 1, action: { error: 'ExpiredIteratorException' } };
    scene.server.faults.add(fault);
    scene.put('a');
    await scene.run();
    const statuses = traces.named('tidemark.fetch').map(({ status }) => status);
    expect(statuses).toEqual([
      { code: SpanStatusCode.ERROR, message: 'ITERATOR_EXPIRED' },
      { code: SpanStatusCode.UNSET },
    ]);
  });
});

describe('what a handler traces', () => {
  const nested = (): Promise<void> =>
    trace.getTracer('user').startActiveSpan('user.work', async (span) => {
      await Promise.resolve();
      span.end();
    });

  it('nests under the span of its run', async () => {
    scene.put('a');
    scene.handler = nested;
    await scene.run();
    expect(traces.under(traces.one('tidemark.handler'))).toEqual(['user.work']);
  });

  it('nests there with eachRecord, too', async () => {
    scene.put('a', 'b');
    scene.handler = eachRecord(nested, { concurrency: 4 });
    await scene.run();
    expect(traces.under(traces.one('tidemark.handler'))).toEqual(['user.work', 'user.work']);
    expect(traces.named('tidemark.record')).toEqual([]);
  });

  it('finds a slice in the trace of what runs the activity', async () => {
    await trace.getTracer('user').startActiveSpan('activity', async (span) => {
      scene.put('a');
      await scene.run();
      span.end();
    });
    expect(traces.under(traces.one('activity'))).toEqual(['tidemark.slice']);
  });
});

describe('trace context in records', () => {
  it('becomes links of the run, each trace once', async () => {
    scene.traceContext = (record) => carrierOf(record.text());
    scene.put(traceparent(1), 'none', traceparent(2), traceparent(1));
    await scene.run();
    const { links } = traces.one('tidemark.handler');
    expect(links.map((link) => link.context)).toMatchObject([
      { traceId: TRACE_A, spanId: '0000000000000001', traceFlags: 1, isRemote: true },
      { traceId: TRACE_A, spanId: '0000000000000002' },
    ]);
  });

  it('becomes 128 links at most', async () => {
    let calls = 0;
    scene.traceContext = (record) => {
      calls += 1;
      return carrierOf(record.text());
    };
    scene.put(...Array.from({ length: 300 }, (_, index) => traceparent(index + 1)));
    await scene.run();
    expect(traces.one('tidemark.handler').links).toHaveLength(128);
    expect(calls).toBe(128);
  });

  it('is read by the propagator of the application where it has one', async () => {
    const found: SpanContext = { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceFlags: 1 };
    propagation.setGlobalPropagator({
      inject: () => undefined,
      extract: (where, carrier) =>
        (carrier as { b3?: string }).b3 === 'yes' ? trace.setSpanContext(where, found) : where,
      fields: () => ['b3'],
    });
    scene.traceContext = () => ({ b3: 'yes' });
    scene.put('a');
    await scene.run();
    expect(traces.one('tidemark.handler').links).toMatchObject([{ context: found }]);
  });

  it('makes each record a span of its own trace with eachRecord, linked to the run', async () => {
    scene.traceContext = (record) => carrierOf(record.text());
    const active: unknown[] = [];
    scene.handler = eachRecord(async (record) => {
      await Promise.resolve();
      active.push(trace.getSpanContext(context.active())?.traceId);
      if (record.text() === traceparent(7)) throw new Error('no');
    });
    scene.put(traceparent(5), 'none', traceparent(7));
    await scene.fail(scene.begin());
    const run = traces.one('tidemark.handler').spanContext();
    expect(active).toEqual([TRACE_A, run.traceId, TRACE_A]);
    const [good, bad] = traces.named('tidemark.record');
    expect(good).toMatchObject({
      parentSpanContext: { traceId: TRACE_A, spanId: '0000000000000005' },
      links: [{ context: { traceId: run.traceId, spanId: run.spanId } }],
      attributes: { 'tidemark.shard': SHARD, 'tidemark.sequence_number': scene.sequenceNumbers()[0] },
    });
    expect(good?.status.code).toBe(SpanStatusCode.UNSET);
    expect(bad?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'HANDLER_FAILED' });
  });
});

describe('a traceContext that is broken', () => {
  let warnings: jest.SpyInstance;
  beforeEach(() => {
    warnings = jest.spyOn(process, 'emitWarning').mockImplementation();
  });
  afterEach(() => warnings.mockRestore());
  const told = (): unknown[] => warnings.mock.calls.filter(([text]) => String(text).startsWith('traceContext'));

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['gives a text', () => 'traceparent'],
    ['gives numbers', () => ({ traceparent: 7 })],
    ['gives a promise', () => Promise.resolve({})],
    ['gives a promise that fails', () => Promise.reject(new Error('secret'))],
  ])('that %s harms nothing, and is told of once', async (_, hook) => {
    scene.traceContext = hook as SliceScene['traceContext'];
    scene.handler = eachRecord(() => undefined);
    scene.put('a', 'b');
    expect(await scene.run()).toMatchObject({ end: 'interval', batches: 1 });
    expect(traces.one('tidemark.handler')).toMatchObject({ links: [], status: { code: SpanStatusCode.UNSET } });
    expect(told()).toHaveLength(1);
    expect(JSON.stringify(told())).not.toContain('secret');
  });

  it.each(['', 'nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`, `00-${TRACE_A}-${'0'.repeat(16)}-01`])(
    'that finds %j finds none',
    async (text) => {
      scene.traceContext = () => ({ traceparent: text });
      scene.put('a');
      await scene.run();
      expect(traces.one('tidemark.handler').links).toEqual([]);
      expect(told()).toEqual([]);
    },
  );
});

describe('without an SDK', () => {
  it('nothing is traced, the hook is not called, and the work is done', async () => {
    traces.stop();
    const hook = jest.fn(() => ({ traceparent: traceparent(1) }));
    scene.traceContext = hook;
    scene.handler = eachRecord(() => undefined);
    scene.put('a', 'b');
    expect(await scene.run()).toMatchObject({ end: 'interval', batches: 1 });
    expect(hook).not.toHaveBeenCalled();
    expect(traces.spans).toEqual([]);
  });
});

describe('an SDK that is broken', () => {
  it('harms nothing', async () => {
    traces.stop();
    const broken = (): never => {
      throw new Error('broken');
    };
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: broken, startActiveSpan: broken }) });
    scene.put('a', 'b');
    expect(await scene.run()).toMatchObject({ end: 'interval', batches: 1 });
    expect(scene.handled).toEqual([['a', 'b']]);
  });
});
