import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { TidemarkError } from '../../../src/core/errors';
import type { ConsumerOptions } from '../../../src/core/options';
import { BatchFailedError, type HandlerRunner, type RunRequest } from '../../../src/handler/handler-runner';
import {
  createHandlerRunners,
  type HandlerRunners,
  type HandlerRunnersOptions,
} from '../../../src/worker/handler-runners';
import { eventually } from '../../support/eventually';
import { Traces } from '../../support/traces';
import { consumerOf, rawRecords, requestOf } from './support/runs';

/** Larger than Node's pool of small buffers, so that it is transferred. */
const LARGE = Buffer.poolSize + 1;
const FILE = join(__dirname, 'fixtures/threaded.ts');

const open: HandlerRunners[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((runners) => runners.close()));
});

function runnersFor(
  name: string,
  options: Partial<ConsumerOptions> = {},
  more: HandlerRunnersOptions = {},
): HandlerRunners {
  const handler = (): never => {
    throw new Error('The handler runs in the main thread');
  };
  const consumer = consumerOf(handler, { name, isolation: 'thread', file: FILE, ...options });
  const runners = createHandlerRunners(consumer, { loadLimitMs: 120_000, ...more });
  open.push(runners);
  return runners;
}

function runnerFor(...given: Parameters<typeof runnersFor>): HandlerRunner {
  return runnersFor(...given).create();
}

async function failureOf(running: Promise<unknown>): Promise<BatchFailedError> {
  const error = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BatchFailedError) return error;
  throw new Error('The batch did not fail as a batch', { cause: error });
}

const ALL_HANDLED = { filtered: [], rejected: [], failed: [], unhandled: [] };

describe('a handler in a thread', () => {
  it('gets what it would get inline', async () => {
    const request = requestOf(['hello', 'x'.repeat(LARGE)], { attempt: 2, fence: 9, redrive: true, replay: 'dry' });
    const { failed } = await runnerFor('echoes').run(request);
    const [first, second] = failed.map(({ error }) => error.message);
    expect(JSON.parse(first ?? '')).toEqual({
      text: 'hello',
      key: 'rjicpD5YLLV2ITDxC3uqsdJOvDW3uFOuPt7a3cUQ9zA',
      partitionKey: 'key-0',
      at: 1_767_225_600_000,
      batch: { shardId: request.shard.shardId, streamName: 'flights', millisBehindLatest: 7 },
      context: {
        consumer: 'echoes',
        attempt: 2,
        fence: 9,
        holdsKeys: false,
        redrive: true,
        replay: true,
        dryRun: true,
      },
      isMainThread: false,
      aborted: false,
    });
    expect(second).toContain('xxx');
  });

  it('runs under the span that is active here', async () => {
    const traces = new Traces();
    try {
      await trace.getTracer('test').startActiveSpan('run', async (span) => {
        const { failed } = await runnerFor('traces').run(requestOf(['a']));
        const { traceId, spanId } = span.spanContext();
        expect(JSON.parse(failed[0]?.error.message ?? '')).toEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
      });
    } finally {
      traces.stop();
    }
    const { failed } = await runnerFor('traces').run(requestOf(['a']));
    expect(failed).toMatchObject([{ error: { message: 'null' } }]);
  });

  it('answers what it would answer inline', async () => {
    const { rejected } = await runnerFor('rejects').run(requestOf(['a', 'b', 'c']));
    expect(rejected).toMatchObject([{ index: 1, error: { code: 'RECORD_REJECTED' } }]);

    const runner = runnerFor('obeys');
    const failure = await failureOf(runner.run(requestOf(['reject the second', 'b'])));
    expect(failure).toMatchObject({ kind: 'rejected', index: 1, error: { code: 'RECORD_REJECTED' } });
    const { transact } = await runner.run(requestOf(['return effects']));
    expect(transact).toEqual([{ Put: { TableName: 't', Item: { pk: { B: new Uint8Array([1, 2]) } } } }]);
    const unclonable = await failureOf(runner.run(requestOf(['return a proxy'])));
    expect(unclonable).toMatchObject({ kind: 'failed', error: { code: 'INVALID_RESULT' } });
    expect(await runner.run(requestOf(['succeed']))).toEqual(ALL_HANDLED);
  });

  it('has its filter and its schema there, too; of any validator', async () => {
    const file = join(__dirname, 'fixtures/validated.mts');
    for (const name of ['zod', 'valibot', 'arktype']) {
      const outcome = await runnerFor(name, { file }).run(
        requestOf(['{"delay":1}', '{"delay":"x"}', 'skip', '{"delay":3}']),
      );
      expect(outcome).toMatchObject({ filtered: [2], failed: [] });
      expect(outcome.rejected).toMatchObject([
        { index: 1, error: { code: 'SCHEMA_INVALID', message: expect.stringContaining('delay') } },
        {
          index: 3,
          error: { code: 'RECORD_REJECTED', message: expect.stringContaining('main thread: false, delay 3') },
        },
      ]);
    }
  });
});

describe('payloads', () => {
  function requestWithPage(order: string, more: Partial<RunRequest> = {}): RunRequest {
    const block = Buffer.alloc(LARGE + order.length, 'x');
    block.write(order);
    const [first, second] = rawRecords([block.subarray(0, order.length), block.subarray(order.length)]);
    if (!first || !second) throw new Error('unreachable');
    return requestOf([], { records: [first, second], ...more });
  }
  const lengths = ({ records }: RunRequest): number[] => records.map(({ data }) => data.byteLength);

  it('change hands, and are back afterwards, whatever the answer', async () => {
    const runner = runnerFor('obeys');
    await runner.run(requestOf(['succeed']));
    for (const order of ['succeed', 'reject the second', 'return effects']) {
      const request = requestWithPage(order);
      const sent = request.records[0]?.data.buffer;
      await runner.run(request).catch(() => undefined);
      // What changed hands is gone from here; what came back is another buffer with the same memory.
      expect(sent?.byteLength).toBe(0);
      expect(lengths(request)).toEqual([order.length, LARGE]);
      expect(String(request.records[0]?.data)).toBe(order);
    }
  });

  it('that are to be kept are kept, also when the thread dies', async () => {
    const request = requestWithPage('exit', { keepPayloads: true });
    const running = failureOf(runnerFor('obeys').run(request));
    expect(await running).toMatchObject({ kind: 'died' });
    expect(lengths(request)).toEqual([4, LARGE]);
  });

  it.each(['exit', 'give the memory away'])('are never taken for empty when they are lost: %s', async (order) => {
    const request = requestWithPage(order);
    const { kind, error } = await failureOf(runnerFor('obeys').run(request));
    expect([kind, error.code]).toEqual(order === 'exit' ? ['died', 'HANDLER_DIED'] : ['failed', 'INVALID_RESULT']);
    expect(() => request.records[1]?.data).toThrow('The payload of a record went with the thread that had it');
  });
});

describe('a handler that takes its thread with it', () => {
  const small = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 };

  it.each([
    ['exit', 'with exit code 7'],
    ['throw later', 'by an error that nothing caught: RangeError at '],
    ['reject later', 'by an error that nothing caught: RangeError at '],
    ['use up the memory', 'by an error that nothing caught: Error (ERR_WORKER_OUT_OF_MEMORY)'],
  ])('(%s) has died, and the next batch gets a new thread', async (order, how) => {
    const runners = runnersFor('obeys', {}, { limits: small });
    const runner = runners.create();
    const { kind, error } = await failureOf(runner.run(requestOf([order])));
    expect({ kind, code: error.code }).toEqual({ kind: 'died', code: 'HANDLER_DIED' });
    expect(error.message).toContain(`The thread of the handler ended ${how}`);
    expect(error.message).not.toContain('canary');
    expect(await runner.run(requestOf(['succeed']))).toEqual(ALL_HANDLED);
    expect(runners.size).toBe(1);
  });

  it('cannot abort the process', async () => {
    const failure = await failureOf(runnerFor('obeys').run(requestOf(['abort the process'])));
    expect(failure).toMatchObject({ kind: 'failed', error: { code: 'HANDLER_FAILED' } });
  });

  it('between two batches has failed none of them', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const runners = runnersFor('obeys');
    const runner = runners.create();
    expect(await runner.run(requestOf(['exit at once after the answer']))).toEqual(ALL_HANDLED);
    await eventually(() => expect(runners.size).toBe(0));
    expect(await runner.run(requestOf(['succeed']))).toEqual(ALL_HANDLED);
    expect(warn.mock.calls).toEqual([
      ['The thread of a handler ended between two batches, with exit code 7', 'TidemarkWarning'],
    ]);
    warn.mockRestore();
  });
});

describe('a handler whose time is up', () => {
  const timeout = { kind: 'timeout', error: { code: 'HANDLER_TIMEOUT' } };
  const soon = { handlerTimeoutMs: 300 };

  it.each(['settle on abort', 'succeed on abort'])(
    '(%s) is told by its signal, and keeps its thread',
    async (order) => {
      const runner = runnerFor('obeys', soon, { graceMs: 60_000 });
      await runner.run(requestOf(['count']));
      const failure = await failureOf(runner.run(requestOf([order])));
      expect(failure).toMatchObject(timeout);
      expect(failure.error.message).toContain('The handler took longer than 300 ms');
      const { failed } = await runner.run(requestOf(['count']));
      expect(failed).toMatchObject([{ error: { message: expect.stringContaining('COUNT_2') } }]);
    },
  );

  it.each(['never settle', 'never end'])('(%s) and that does not hear loses its thread', async (order) => {
    const runner = runnerFor('obeys', soon, { graceMs: 50 });
    const request = requestOf([order], { keepPayloads: true });
    expect(await failureOf(runner.run(request))).toMatchObject(timeout);
    expect(await runner.run(requestOf(['succeed']))).toEqual(ALL_HANDLED);
  });

  it('holds up no other shard, and no timer of the main thread', async () => {
    const runners = runnersFor('obeys', { handlerTimeoutMs: 60_000 });
    const runner = runners.create();
    await runner.run(requestOf(['succeed']));
    const blocked = runner.run(requestOf(['never end']));
    blocked.catch(() => undefined);
    const other = requestOf(['succeed'], { shard: { ...requestOf([]).shard, shardId: 'shardId-1' } });
    expect(await runners.create().run(other)).toEqual(ALL_HANDLED);
    await runners.close();
    await expect(blocked).rejects.toMatchObject({ kind: 'died' });
  });
});

describe('a shard that is lost', () => {
  const reason = new TidemarkError('OWNERSHIP_EXPIRED', 'taken');

  it('before the run, or while the thread is being loaded, keeps the handler from being called', async () => {
    const runners = runnersFor('obeys');
    const lost = AbortSignal.abort(reason);
    await expect(runners.create().run(requestOf(['exit'], { lost }))).rejects.toBe(reason);
    const loading = new AbortController();
    const running = runners.create().run(requestOf(['exit'], { lost: loading.signal }));
    loading.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it.each([
    ['never end', 50, 0],
    ['settle on abort', 60_000, 1],
  ])('ends the run at once (%s), and the thread unless it settles', async (order, graceMs, threadsLeft) => {
    const runners = runnersFor('obeys', {}, { graceMs });
    const runner = runners.create();
    await runner.run(requestOf(['succeed']));
    const lost = new AbortController();
    const running = runner.run(requestOf([order], { lost: lost.signal }));
    running.catch(() => undefined);
    setTimeout(() => lost.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
    await runner.close();
    expect(runners.size).toBe(threadsLeft);
  });
});

describe('threads', () => {
  it('stay for the next slice of their shard', async () => {
    const runners = runnersFor('obeys');
    const counts: unknown[] = [];
    for (const shardId of ['a', 'a', 'b']) {
      const runner = runners.create();
      const { failed } = await runner.run(requestOf(['count'], { shard: { ...requestOf([]).shard, shardId } }));
      counts.push(...failed.map(({ error }) => /COUNT_\d/.exec(error.message)?.[0]));
      await runner.close();
    }
    expect(counts).toEqual(['COUNT_1', 'COUNT_2', 'COUNT_1']);
    expect(runners.size).toBe(2);
  });

  it('that no slice wants are ended', async () => {
    const runners = runnersFor('obeys', {}, { idleMs: 20 });
    const runner = runners.create();
    await runner.run(requestOf(['succeed']));
    await runner.close();
    await eventually(() => expect(runners.size).toBe(0));
  });

  it('are not started for a runner that runs nothing', async () => {
    const runners = runnersFor('obeys');
    await runners.create().close();
    expect(runners.size).toBe(0);
  });
});
