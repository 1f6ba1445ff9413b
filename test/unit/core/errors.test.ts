import { codeOf, errorCodes, isErrorCode, TidemarkError, type ErrorCode } from '../../../src/core/errors';

describe('TidemarkError', () => {
  it('says what happened, where, and what to do', () => {
    const error = new TidemarkError('STREAM_NOT_FOUND', 'No such stream.', {
      context: { stream: 'flights', shard: undefined, page: 0 },
    });
    expect(error.message).toBe(
      'No such stream [stream=flights, page=0]. Create the stream, or correct `stream`, the region and the account.',
    );
    expect(error).toMatchObject({ name: 'TidemarkError', code: 'STREAM_NOT_FOUND', retryable: false });
    expect(error.context).toEqual({ stream: 'flights', shard: undefined, page: 0 });
  });

  it('has no empty brackets without context, and no cause unless there is one', () => {
    const error = new TidemarkError('NO_WORKER', 'Nobody listens', { context: { stream: undefined } });
    expect(error.message).toBe('Nobody listens. Start a worker for this consumer, or use --force.');
    expect('cause' in error).toBe(false);
    expect(new TidemarkError('NO_WORKER', 'Nobody listens').context).toEqual({});
  });

  it('puts the hint on a line of its own after a list', () => {
    expect(new TidemarkError('INVALID_OPTION', 'Wrong:\n  - a\n  - b\n').message).toBe(
      'Wrong:\n  - a\n  - b\nCorrect the named options.',
    );
  });

  it('prefers the hint that was given, and keeps the cause', () => {
    const cause = new Error('inner');
    const error = new TidemarkError('INTERNAL', 'Odd', { hint: 'Restart.', cause });
    expect(error.message).toBe('Odd. Restart.');
    expect(error.cause).toBe(cause);
  });

  it.each(Object.entries(errorCodes))(
    '%s has a hint that is a sentence and says whether to retry',
    (code, { hint, retryable }) => {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(hint).toMatch(/^[A-Z].*\.$/);
      expect(new TidemarkError(code as ErrorCode, 'Something').retryable).toBe(retryable);
    },
  );
});

describe('codeOf', () => {
  it('finds the code of our own error, also from another copy of the module', () => {
    expect(codeOf(new TidemarkError('NO_WORKER', 'x'))).toBe('NO_WORKER');
    expect(codeOf(Object.assign(new Error('x'), { name: 'TidemarkError', code: 'NO_WORKER' }))).toBe('NO_WORKER');
  });

  it('finds it in the failure that Temporal makes of it', () => {
    expect(codeOf({ name: 'ApplicationFailure', type: 'HANDLER_FAILED' })).toBe('HANDLER_FAILED');
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'NO_WORKER'],
    ['a foreign error with a code like ours', Object.assign(new Error('x'), { code: 'NO_WORKER' })],
    ['an unknown code', { name: 'TidemarkError', code: 'NOPE' }],
    ['an inherited property name', { name: 'TidemarkError', code: 'toString' }],
    ['a failure of another type', { name: 'ApplicationFailure', type: 'TypeError' }],
    ['a failure without type', { name: 'ApplicationFailure', type: null }],
  ])('is undefined for %s', (_, error) => expect(codeOf(error)).toBeUndefined());

  it('knows its codes', () => {
    expect(isErrorCode('NO_WORKER')).toBe(true);
    expect(isErrorCode('constructor')).toBe(false);
    expect(isErrorCode(7)).toBe(false);
  });
});
