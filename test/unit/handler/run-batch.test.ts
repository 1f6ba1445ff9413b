import * as v from 'valibot';
import { z } from 'zod';

import { TidemarkError } from '../../../src/core/errors';
import type { Batch, BatchHandler, HandlerContext } from '../../../src/handler/handler';
import { BatchFailedError, type RunOutcome } from '../../../src/handler/handler-runner';
import type { KinesisRecord } from '../../../src/handler/record';
import { RecordRejectedError } from '../../../src/handler/record-rejected-error';
import { runBatch } from '../../../src/handler/run-batch';
import type { StandardSchema, ValidationResult } from '../../../src/handler/standard-schema';
import { consumerOf, never, requestOf, SHARD } from './support/runs';

type Parts = Parameters<typeof consumerOf>[1];

function run(
  payloads: readonly (string | Uint8Array)[],
  handler: BatchHandler,
  parts: Parts = {},
  signal: AbortSignal = never(),
): Promise<RunOutcome> {
  return runBatch(consumerOf(handler, parts), requestOf(payloads), signal);
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

describe('the handler', () => {
  it('gets its batch and its context', async () => {
    const handler = jest.fn<void, [Batch, HandlerContext]>();
    const signal = never();
    const request = requestOf(['a', 'b'], { attempt: 4, fence: 9, redrive: true });
    expect(await runBatch(consumerOf(handler), request, signal)).toEqual(ALL_HANDLED);
    const [batch, context] = handler.mock.calls[0] ?? [];
    expect(batch).toMatchObject({ shardId: SHARD.shardId, streamName: 'flights', millisBehindLatest: 7 });
    expect(batch?.records.map((record) => [record.text(), record.value])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    expect(context).toMatchObject({ attempt: 4, fence: 9, redrive: true, holdsKeys: false, signal });
  });

  it('may name what failed, by the index in the run', async () => {
    const outcome = await run(['a', 'b', 'c'], ({ records: [, b, c] }) => ({
      failures: [{ record: b as KinesisRecord, reason: new Error('no') }],
      unhandled: [c as KinesisRecord],
    }));
    expect(outcome).toMatchObject({ failed: [{ index: 1, error: { code: 'HANDLER_FAILED' } }], unhandled: [2] });
  });

  it('may hand over effects', async () => {
    const transact = [{ Put: { TableName: 't', Item: { pk: { S: 'a' } } } }];
    expect(await run(['a'], () => ({ transact }))).toEqual({ ...ALL_HANDLED, transact });
  });

  it('that returns anything else has failed', async () => {
    const { kind, error } = await failureOf(run(['a'], (async () => 'a row') as unknown as BatchHandler));
    expect({ kind, code: error.code }).toEqual({ kind: 'failed', code: 'INVALID_RESULT' });
  });

  it.each([
    ['throws', () => Promise.reject(new RangeError('canary'))],
    [
      'throws at once',
      () => {
        throw new RangeError('canary');
      },
    ],
  ] as [string, BatchHandler][])(
    'that %s has failed, and its text is told only where that is allowed',
    async (_, handler) => {
      const { kind, error, index } = await failureOf(run(['a', 'b'], handler));
      expect({ kind, code: error.code, index }).toEqual({ kind: 'failed', code: 'HANDLER_FAILED', index: undefined });
      expect(error.message).toMatch(/^RangeError at /);
      const told = await failureOf(run(['a', 'b'], handler, { errorDetail: 'message' }));
      expect(told.error.message).toMatch(/^RangeError: canary at /);
    },
  );
});

describe('a rejection that the handler throws', () => {
  it('means the record that it names', async () => {
    const handler: BatchHandler = ({ records }) => {
      throw new RecordRejectedError('canary', { record: records[1] });
    };
    const { kind, error, index } = await failureOf(run(['a', 'b', 'c'], handler));
    expect({ kind, code: error.code, index }).toEqual({ kind: 'rejected', code: 'RECORD_REJECTED', index: 1 });
    expect(error.message).not.toContain('canary');
  });

  it('means the only record of a batch of one, also where the filter has left only that', async () => {
    const handler: BatchHandler = () => {
      throw new RecordRejectedError('no');
    };
    expect(await failureOf(run(['a'], handler))).toMatchObject({ kind: 'rejected', index: 0 });
    const filter = (record: KinesisRecord): boolean => record.text() === 'c';
    expect(await failureOf(run(['a', 'b', 'c'], handler, { filter }))).toMatchObject({ kind: 'rejected', index: 2 });
  });

  it('without a record is an ordinary failure of a larger batch', async () => {
    const handler: BatchHandler = () => {
      throw new RecordRejectedError('no');
    };
    const { kind, error, index } = await failureOf(run(['a', 'b'], handler));
    expect({ kind, code: error.code, index }).toEqual({ kind: 'failed', code: 'HANDLER_FAILED', index: undefined });
  });

  it('with a record that is not of the batch is refused', async () => {
    let kept: KinesisRecord | undefined;
    const handler: BatchHandler = ({ records: [first] }) => {
      const record = kept;
      kept = first;
      if (record) throw new RecordRejectedError('no', { record });
    };
    const consumer = consumerOf(handler);
    await runBatch(consumer, requestOf(['a']), never());
    const { kind, error } = await failureOf(runBatch(consumer, requestOf(['a']), never()));
    expect({ kind, code: error.code }).toEqual({ kind: 'failed', code: 'INVALID_RESULT' });
    expect(error.message).toContain('a record that is not of this batch');
  });

  it('is known from another copy of the package', async () => {
    let Copy: typeof RecordRejectedError | undefined;
    jest.isolateModules(() => {
      Copy = jest.requireActual<{ RecordRejectedError: typeof RecordRejectedError }>(
        '../../../src/handler/record-rejected-error',
      ).RecordRejectedError;
    });
    const Other = Copy ?? RecordRejectedError;
    expect(Other).not.toBe(RecordRejectedError);
    const failure = await failureOf(run(['a'], () => Promise.reject(new Other('no', { cause: 1 }))));
    expect(failure).toMatchObject({ kind: 'rejected', index: 0 });
  });
});

describe('the filter', () => {
  it('decides what the handler gets; the schema does not see the others', async () => {
    const seen: string[] = [];
    const outcome = await run(['1', 'no JSON', '3'], ({ records }) => void seen.push(...records.map((r) => r.text())), {
      filter: (record) => record.text() !== 'no JSON',
      schema: z.number(),
    });
    expect(outcome).toEqual({ ...ALL_HANDLED, filtered: [1] });
    expect(seen).toEqual(['1', '3']);
  });

  it('may leave nothing: the handler is not called', async () => {
    const handler = jest.fn();
    expect(await run(['a', 'b'], handler, { filter: () => false })).toEqual({ ...ALL_HANDLED, filtered: [0, 1] });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('canary');
      },
      'The filter threw: Error at ',
    ],
    ['gives nothing', () => undefined, 'of type undefined, not true or false'],
    ['gives what is only like a boolean', () => 1, 'of type number, not true or false'],
    ['is asynchronous', async () => true, 'of type object, not true or false'],
    ['is asynchronous and fails', () => Promise.reject(new Error('canary')), 'of type object'],
  ])('that %s rejects the record', async (_, filter, text) => {
    const handled: string[] = [];
    const outcome = await run(['a', 'b'], ({ records }) => void handled.push(...records.map((r) => r.text())), {
      filter: (record) => (record.text() === 'a' ? (filter() as unknown as boolean) : true),
    });
    expect(outcome.rejected).toEqual([
      { index: 0, error: { code: 'FILTER_FAILED', message: expect.stringContaining(text) } },
    ]);
    expect(JSON.stringify(outcome)).not.toContain('canary');
    expect(handled).toEqual(['b']);
  });
});

const standard = (validate: (value: unknown) => unknown): StandardSchema => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as () => ValidationResult<unknown> },
});

describe('the schema', () => {
  it('makes the values', async () => {
    const schema = z.object({ at: z.string().transform((at) => new Date(at)) });
    const seen: unknown[] = [];
    const payload = '{"at":"2026-01-01T00:00:00Z"}';
    await run([payload], ({ records }) => void seen.push(...records.map(({ value }) => value)), { schema });
    expect(seen).toEqual([{ at: new Date('2026-01-01') }]);
  });

  const delays = [
    ['zod', z.object({ delay: z.number(), gate: z.string() }), 'invalid_type'],
    ['valibot', v.object({ delay: v.number(), gate: v.string() }), 'number, object'],
    ['an async one', z.object({ delay: z.number(), gate: z.string() }).refine(async () => true), 'invalid_type'],
  ] as [string, StandardSchema, string][];

  it.each(delays)('of %s rejects what does not validate, and tells no data of it', async (_, schema, codes) => {
    const handled: number[] = [];
    const payloads = ['{"delay":1,"gate":"a"}', '{"delay":"canary"}', '{"delay":3,"gate":"c"}'];
    const outcome = await run(
      payloads,
      ({ records }) => void handled.push(...records.map((r) => Number(r.sequenceNumber))),
      {
        schema,
      },
    );
    expect(handled).toEqual([0, 2]);
    const message = `The record does not validate: 2 issues (${codes})`;
    expect(outcome.rejected).toEqual([{ index: 1, error: { code: 'SCHEMA_INVALID', message } }]);
  });

  it.each(delays)('of %s tells where and what if that is allowed', async (_, schema) => {
    const { rejected } = await run(['{"delay":"x"}'], () => undefined, { schema, errorDetail: 'message' });
    expect(rejected[0]?.error.message).toMatch(/2 issues: delay: .*; gate: /);
  });

  it('rejects what is not JSON, without quoting it', async () => {
    const handler = jest.fn();
    const outcome = await run(['{canary', new Uint8Array([0xff, 0x00]), ''], handler, { schema: z.unknown() });
    expect(outcome.rejected.map(({ error }) => error.message)).toEqual(
      new Array(3).fill('The record does not validate: the payload is not JSON'),
    );
    expect(handler).not.toHaveBeenCalled();
  });

  const fail = (): never => {
    throw new Error('canary');
  };

  it.each([
    ['throws', fail, 'the validator threw: Error at '],
    ['rejects', () => Promise.reject(new TypeError('canary')), 'the validator threw: TypeError at '],
    ['gives nothing', () => undefined, 'the validator threw: TypeError at '],
    ['gives an empty object', () => ({}), 'neither a value nor issues'],
    ['gives a promise of nothing', async () => ({}), 'neither a value nor issues'],
    ['has issues that cannot be read', () => ({ issues: new Proxy([], { get: fail }) }), 'the validator threw'],
    ['has no issue', () => ({ issues: [] }), '0 issues'],
    ['has codes that are data', () => ({ issues: [{ message: 'm', code: 'canary 1', type: { a: 1 } }] }), '1 issue'],
  ])('whose validator %s rejects the record', async (_, validate, text) => {
    const { rejected } = await run(['1'], () => undefined, { schema: standard(validate) });
    expect(rejected).toEqual([{ index: 0, error: { code: 'SCHEMA_INVALID', message: expect.stringContaining(text) } }]);
    expect(JSON.stringify(rejected)).not.toContain('canary');
  });

  it('tells many and long issues on one short line', async () => {
    const issues = Array.from({ length: 5_000 }, () => ({ message: 'x\n'.repeat(10_000), path: [{ key: 'a' }, 0] }));
    const { rejected } = await run(['1'], () => undefined, {
      schema: standard(() => ({ issues })),
      errorDetail: 'message',
    });
    const message = rejected[0]?.error.message ?? '';
    expect(message).toMatch(/^The record does not validate: 5000 issues: a\.0: x x /);
    expect(message.length).toBeLessThan(1_500);
    expect(message).not.toContain('\n');
  });

  it('that waits is asked about at most 64 records at once, and keeps their order', async () => {
    let underWay = 0;
    let most = 0;
    const schema = standard(async (value) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return Number(value) % 10 === 0 ? { issues: [{ message: 'no' }] } : { value: Number(value) * 2 };
    });
    const values: unknown[] = [];
    const payloads = Array.from({ length: 200 }, (_, index) => String(index));
    const outcome = await run(payloads, ({ records }) => void values.push(...records.map(({ value }) => value)), {
      schema,
    });
    expect(most).toBe(64);
    expect(outcome.rejected.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, index) => index * 10));
    expect(values).toEqual(
      payloads
        .map(Number)
        .filter((n) => n % 10 !== 0)
        .map((n) => n * 2),
    );
  });
});

it('what the filter, the schema and the handler reject comes in one list, in order', async () => {
  const outcome = await run(
    ['1', '"x"', '3', '4', '5'],
    ({ records }) => ({ failures: [{ record: records[0] as KinesisRecord, reason: new RecordRejectedError('no') }] }),
    {
      schema: z.number(),
      filter: (record) => {
        if (record.text() === '5') throw new Error('no');
        return record.text() !== '3';
      },
    },
  );
  expect(outcome.filtered).toEqual([2]);
  expect(outcome.rejected.map(({ index, error }) => [index, error.code])).toEqual([
    [0, 'RECORD_REJECTED'],
    [1, 'SCHEMA_INVALID'],
    [4, 'FILTER_FAILED'],
  ]);
});

describe('once the signal has aborted', () => {
  const reason = new TidemarkError('OWNERSHIP_EXPIRED', 'taken');

  it('the handler is not called any more', async () => {
    const handler = jest.fn();
    await expect(run(['1'], handler, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const schema = standard(async (value) => {
      controller.abort(reason);
      return { value };
    });
    await expect(run(['1'], handler, { schema }, controller.signal)).rejects.toBe(reason);
    expect(handler).not.toHaveBeenCalled();
  });

  it('what the handler throws then is no failure of its own', async () => {
    const controller = new AbortController();
    const handler: BatchHandler = async () => {
      controller.abort(reason);
      throw new Error('the connection was closed');
    };
    await expect(run(['1'], handler, {}, controller.signal)).rejects.toBe(reason);
  });
});
