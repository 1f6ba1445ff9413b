import fc from 'fast-check';

import { BatchFailedError } from '../../../src/handler/handler-runner';
import { readResult } from '../../../src/handler/read-result';
import { RecordRejectedError } from '../../../src/handler/record-rejected-error';

type Detail = 'code' | 'message';

/** Records are opaque here; the odd ones of the run were not given to the handler. */
const RECORDS = Array.from({ length: 20 }, (_, index) => ({ secret: `canary ${index}` }));
const GIVEN = RECORDS.filter((_, index) => index % 2 === 0);
const indexOf = (record: unknown): number | undefined => {
  const index = RECORDS.indexOf(record as (typeof RECORDS)[number]);
  return index >= 0 && index % 2 === 0 ? index : undefined;
};

function read(result: unknown, detail: Detail = 'code'): ReturnType<typeof readResult> {
  return readResult(result, { indexOf, detail });
}

function refusal(result: unknown, detail: Detail = 'code'): string {
  try {
    read(result, detail);
  } catch (error) {
    expect(error).toBeInstanceOf(BatchFailedError);
    const { kind, error: told } = error as BatchFailedError;
    expect({ kind, code: told.code }).toEqual({ kind: 'failed', code: 'INVALID_RESULT' });
    return told.message;
  }
  throw new Error('The result was accepted');
}

const NOTHING = { rejected: [], failed: [], unhandled: [] };

describe('what counts as handled', () => {
  it.each([
    [undefined],
    [{ failures: [] }],
    [{ failures: [], unhandled: [] }],
    [{ failures: [], unhandled: undefined }],
  ])('%p', (result) => expect(read(result)).toEqual(NOTHING));
});

describe('failures', () => {
  const [first, second, third, fourth] = GIVEN;

  it('may be tried again unless they say otherwise, and come in order whatever the order they were named in', () => {
    const answer = read({
      failures: [
        { record: third, reason: new Error('c') },
        { record: second, reason: 'b', retryable: false },
        { record: first, reason: new RecordRejectedError('a') },
      ],
      unhandled: [fourth],
    });
    expect(answer.failed.map(({ index, error }) => [index, error.code])).toEqual([[4, 'HANDLER_FAILED']]);
    expect(answer.rejected.map(({ index, error }) => [index, error.code])).toEqual([
      [0, 'RECORD_REJECTED'],
      [2, 'RECORD_REJECTED'],
    ]);
    expect(answer.unhandled).toEqual([6]);
  });

  it('that are rejections cannot be tried again, whatever else they say', () => {
    const { rejected } = read({ failures: [{ record: first, reason: new RecordRejectedError('a'), retryable: true }] });
    expect(rejected).toHaveLength(1);
  });

  it('tell their reasons with as much detail as is allowed', () => {
    const result = {
      failures: [
        { record: first, reason: 'canary' },
        { record: second, reason: new Error('canary') },
      ],
    };
    expect(read(result).failed.map(({ error }) => error.message)).toEqual([
      'the reason is a text, which errorDetail hides',
      expect.stringMatching(/^Error at /),
    ]);
    expect(read(result, 'message').failed.map(({ error }) => error.message)).toEqual([
      'canary',
      expect.stringMatching(/^Error: canary at /),
    ]);
  });
});

describe('effects', () => {
  const put = {
    Put: { TableName: 't', Item: { pk: { S: 'a' }, raw: { B: new Uint8Array(3) }, l: { L: [{ NULL: true }] } } },
  };

  it('are handed on as they are', () => {
    const transact = [put, { Delete: { TableName: 't', Key: { pk: { S: 'b' } } } }];
    expect(read({ transact })).toEqual({ ...NOTHING, transact });
    expect(read({ transact: [] })).toEqual({ ...NOTHING, transact: [] });
  });

  it.each([
    ['no array', put, '`transact` of type object'],
    ['a hole', Object.assign(new Array(3), { 0: put, 2: put }), '`transact[1]` that is no plain object'],
    ['a string', ['canary'], '`transact[0]` that is no plain object'],
    ['an object of a class', [new (class Put {})()], '`transact[0]` that is no plain object'],
    ['no write', [{}], 'is not one of Put, Update, Delete, ConditionCheck'],
    ['an unknown write', [{ Get: put.Put }], 'is not one of Put'],
    ['two writes', [{ ...put, Delete: put.Put }], 'is not one of Put'],
    ['a write of another type', [{ Put: 'canary' }], 'whose Put is no plain object'],
    ['no table', [{ Put: { Item: {} } }], 'whose Put has no TableName'],
    ['a date', [{ Put: { TableName: 't', Item: { at: new Date(0) } } }], 'whose Put holds what is no data'],
    ['a function', [{ Put: { TableName: 't', Item: { at: { S: () => 'x' } } } }], 'whose Put holds what is no data'],
    ['a set', [{ Update: { TableName: 't', Key: { at: { SS: new Set(['x']) } } } }], 'whose Update holds'],
    ['a bigint', [{ Put: { TableName: 't', Item: { at: { N: 1n } } } }], 'whose Put holds'],
    ['a circle', [circle()], 'whose Put holds'],
    ['no value', [itemWith(undefined)], 'whose Put.Item holds a value that is not one of'],
    ['null', [itemWith(null)], 'whose Put.Item holds'],
    ['a bare text', [itemWith('canary')], 'whose Put.Item holds'],
    ['a value without a type', [itemWith({})], 'whose Put.Item holds'],
    ['a value of two types', [itemWith({ S: 'x', N: '1' })], 'whose Put.Item holds'],
    ['a value of an unknown type', [itemWith({ toString: 'x' })], 'whose Put.Item holds'],
    ['a number as text', [itemWith({ S: 5 })], 'whose Put.Item holds'],
    ['a number as number', [itemWith({ N: 5 })], 'whose Put.Item holds'],
    ['binary as text', [itemWith({ B: 'eA==' })], 'whose Put.Item holds'],
    ['a list that is none', [itemWith({ L: { a: 1 } })], 'whose Put.Item holds'],
    ['a hole in a list', [itemWith({ L: new Array(2) })], 'whose Put.Item holds'],
    ['null in a set', [itemWith({ SS: ['x', null] })], 'whose Put.Item holds'],
    [
      'a wrong value deep inside',
      [itemWith({ M: { a: { L: [{ M: { b: { BOOL: 'x' } } }] } } })],
      'whose Put.Item holds',
    ],
    ['a key of a wrong value', [{ Delete: { TableName: 't', Key: { pk: 'x' } } }], 'whose Delete.Key holds'],
    ['a key that is null', [{ Delete: { TableName: 't', Key: null } }], 'whose Delete.Key holds'],
    [
      'a wrong value of an expression',
      [{ Update: { TableName: 't', Key: { pk: { S: 'x' } }, ExpressionAttributeValues: { ':n': { N: 1 } } } }],
      'whose Update.ExpressionAttributeValues holds',
    ],
  ])('with %s are refused', (_, transact, text) => {
    expect(refusal({ transact })).toContain(text);
  });
});

it('effects may have values of every type', () => {
  const bytes = new Uint8Array(2);
  const values = [{ S: '' }, { N: '1' }, { B: bytes }, { B: Buffer.from('x') }, { BOOL: false }, { NULL: true }];
  const sets = [{ SS: ['x'] }, { NS: ['1'] }, { BS: [bytes] }, { L: [] }, { M: {} }, { S: 'x', N: undefined }];
  const transact = [...values, ...sets, { M: { a: { L: values } } }].map(itemWith);
  expect(read({ transact })).toEqual({ ...NOTHING, transact });
});

function itemWith(value: unknown): unknown {
  return { Put: { TableName: 't', Item: { pk: { S: 'x' }, value } } };
}

function circle(): unknown {
  const item: Record<string, unknown> = {};
  item.self = { M: item };
  return { Put: { TableName: 't', Item: item } };
}

const [record, other] = GIVEN;
const reason = 'canary';

const wrong: [string, unknown, string][] = [
  ['null', null, 'a value (null)'],
  ['false', false, 'a value (boolean)'],
  ['a number', 0, 'a value (number)'],
  ['a text', 'canary', 'a value (string)'],
  ['an array', [], 'a value (array)'],
  ['an array of records', GIVEN, 'a value (array)'],
  ['an instance of a class', new (class Result {})(), 'a value (object of a class)'],
  ['a map', new Map(), 'a value (object of a class)'],
  ['a function', () => undefined, 'a value (function)'],
  ['an empty object', {}, 'an object without `failures`'],
  ['only unhandled records', { unhandled: [record] }, 'an object without `failures`'],
  ['a misspelt key', { canary: [] }, 'an object with 1 keys other than failures, unhandled, transact'],
  ['one key too many', { failures: [], canary: 1 }, 'an object with 1 keys other than'],
  ["Lambda's answer", { batchItemFailures: [] }, 'an object with 1 keys other than'],
  ['failures and effects', { failures: [], transact: [] }, '`transact` beside other keys'],
  ['effects and unhandled records', { unhandled: [], transact: [] }, '`transact` beside other keys'],
  ['failures that are undefined', { failures: undefined }, '`failures` of type undefined'],
  ['failures that are a set', { failures: new Set() }, '`failures` of type object of a class'],
  ['a failure that is a record', { failures: [record] }, '`failures[0]` with 1 keys other than'],
  ['a failure that is an error', { failures: [new Error('canary')] }, '`failures[0]` of type object of a class'],
  ['a hole among the failures', { failures: new Array(1) }, '`failures[0]` of type undefined'],
  ['a failure without a record', { failures: [{ reason }] }, '`failures[0]`.record that is no record of this batch'],
  ['a failure by sequence number', { failures: [{ record: '1', reason }] }, 'is no record of this batch'],
  ['a copy of a record', { failures: [{ record: { ...record }, reason }] }, 'is no record of this batch'],
  ['a record that was filtered', { failures: [{ record: RECORDS[1], reason }] }, 'is no record of this batch'],
  ['a failure without a reason', { failures: [{ record }] }, '`failures[0]`.reason of type undefined'],
  ['an empty reason', { failures: [{ record, reason: ' ' }] }, '`failures[0]`.reason that is empty'],
  ['a reason of another type', { failures: [{ record, reason: 7 }] }, '`failures[0]`.reason of type number'],
  ['a misspelt failure', { failures: [{ record, reason, retriable: false }] }, '`failures[0]` with 1 keys other than'],
  ['retryable of another type', { failures: [{ record, reason, retryable: 0 }] }, 'retryable of type number'],
  [
    'a record twice among the failures',
    {
      failures: [
        { record, reason },
        { record, reason },
      ],
    },
    '`failures[1]`.record, a record that is named twice',
  ],
  [
    'a failed record that is unhandled',
    { failures: [{ record, reason }], unhandled: [record] },
    '`unhandled[0]`, a record that is named twice',
  ],
  [
    'an unhandled record twice',
    { failures: [{ record, reason }], unhandled: [other, other] },
    '`unhandled[1]`, a record that is named twice',
  ],
  [
    'an unhandled record that is none',
    { failures: [{ record, reason }], unhandled: ['canary'] },
    '`unhandled[0]` that is no record of this batch',
  ],
  [
    'unhandled records without a failure',
    { failures: [], unhandled: [record] },
    'a record without a failure before it',
  ],
  [
    'an unhandled record before the first failure',
    { failures: [{ record: other, reason }], unhandled: [record] },
    'a record without a failure before it',
  ],
  ['unhandled of another type', { failures: [], unhandled: 'canary' }, '`unhandled` of type string'],
  [
    'a getter that throws',
    {
      get failures() {
        throw new Error('canary');
      },
    },
    'a value that cannot be read',
  ],
  ['a proxy that throws', proxy(), 'a value that cannot be read'],
];

function proxy(): unknown {
  const trap = (): never => {
    throw new Error('canary');
  };
  return new Proxy({}, { getPrototypeOf: trap, ownKeys: trap, get: trap, has: trap });
}

describe('anything else is never a success', () => {
  it.each(wrong)('%s', (_, result, text) => {
    const message = refusal(result);
    expect(message).toMatch(/^The handler returned /);
    expect(message).toContain(text);
    expect(message).toContain('Expected nothing, { failures, unhandled? } or { transact }.');
    expect(message).not.toContain('canary');
  });

  it('and the names of unknown keys are told where data may be told', () => {
    expect(refusal({ 'failed\nrecords': [] }, 'message')).toContain('transact: failed records.');
  });

  it('whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withMap: true, withSet: true, withDate: true, withNullPrototype: true }), (result) => {
        fc.pre(result !== undefined);
        const { failures, transact } = (result ?? {}) as { failures?: unknown; transact?: unknown };
        fc.pre(!Array.isArray(failures) && !Array.isArray(transact));
        expect(refusal(result)).toContain('Expected nothing');
      }),
      { numRuns: 500 },
    );
  });
});

describe('every answer about a batch', () => {
  /** Each given record: handled, failed, rejected or, behind the first failure, unhandled. */
  const fates = fc.array(fc.constantFrom('handled', 'failed', 'rejected', 'thrown', 'unhandled'), {
    minLength: GIVEN.length,
    maxLength: GIVEN.length,
  });

  it('is read as it was meant: no record is forgotten, and none that failed counts as handled', () => {
    fc.assert(
      fc.property(fates, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (given, lots) => {
        const firstFailure = given.findIndex((fate) => fate !== 'handled' && fate !== 'unhandled');
        const meant = given.map((fate, at) =>
          fate === 'unhandled' && (firstFailure < 0 || at < firstFailure) ? 'handled' : fate,
        );
        const named = meant
          .map((fate, at) => ({ fate, at, lot: lots.next().value as number }))
          .toSorted((a, b) => a.lot - b.lot);
        const failures = named
          .filter(({ fate }) => fate !== 'handled' && fate !== 'unhandled')
          .map(({ fate, at }) => ({
            record: GIVEN[at],
            reason: fate === 'thrown' ? new RecordRejectedError('no') : new Error('no'),
            ...(fate === 'rejected' ? { retryable: false } : {}),
          }));
        const unhandled = named.filter(({ fate }) => fate === 'unhandled').map(({ at }) => GIVEN[at]);
        const answer = read({ failures, unhandled });
        const indexesOf = (...wanted: string[]): number[] =>
          meant.flatMap((fate, at) => (wanted.includes(fate) ? [at * 2] : []));
        expect(answer.failed.map(({ index }) => index)).toEqual(indexesOf('failed'));
        expect(answer.rejected.map(({ index }) => index)).toEqual(indexesOf('rejected', 'thrown'));
        expect(answer.unhandled).toEqual(indexesOf('unhandled'));
      }),
    );
  });
});
