import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';

import { toFailure } from '../../../src/activities/to-failure';
import { errorCodes, TidemarkError, type ErrorCode } from '../../../src/core/errors';

function failureOf(error: unknown): ApplicationFailure {
  const failure = toFailure(error);
  if (!(failure instanceof ApplicationFailure)) throw new Error('not an application failure');
  return failure;
}

const TERMINAL = ['STREAM_DELETED', 'STREAM_RECREATED', 'SHARD_NOT_FOUND', 'RECORD_FAILED'];

it.each(Object.keys(errorCodes) as ErrorCode[])('%s leaves with its code and its text', (code) => {
  const error = new TidemarkError(code, 'what happened', { context: { shard: 'shardId-0' } });
  const failure = failureOf(error);
  expect(failure).toMatchObject({ type: code, message: error.message, nonRetryable: TERMINAL.includes(code) });
});

it('takes no cause along: it may quote a record', () => {
  const error = new TidemarkError('KINESIS_UNAVAILABLE', 'away', { cause: new Error('canary') });
  const failure = failureOf(error);
  expect(failure.cause).toBeUndefined();
  expect(JSON.stringify([failure, failure.stack])).not.toContain('canary');
});

it.each([
  ['an application failure', ApplicationFailure.create({ type: 'HANDLER_FAILED', message: 'x', details: [1] })],
  ['a cancellation', new CancelledFailure('x')],
])('lets %s through as it is', (_, failure) => {
  expect(toFailure(failure)).toBe(failure);
});

describe('an error that nobody foresaw', () => {
  it.each([
    ['an error', new TypeError('canary\n    at canary (/srv/canary.js:1:1)')],
    ['one whose text was changed', Object.assign(new Error('canary\ncanary\ncanary'), { message: 'other' })],
    ['one whose name is data', Object.assign(new Error('x'), { name: 'canary of data' })],
    [
      'what looks like one of Tidemark',
      Object.assign(new Error('canary'), { name: 'TidemarkError', code: 'INTERNAL' }),
    ],
    ['a string', 'canary'],
    ['null', null],
  ])('is internal, tried again, and shows no text: %s', (_, error) => {
    const failure = failureOf(error);
    expect(failure).toMatchObject({ type: 'INTERNAL', nonRetryable: false });
    expect(JSON.stringify([failure.message, failure.stack, failure])).not.toContain('canary');
    expect(failure.message).toMatch(/^Unexpected /);
  });

  it('shows where', () => {
    expect(failureOf(new TypeError('canary')).message).toMatch(
      /^Unexpected TypeError at .*to-failure\.test\.ts:\d+:\d+/,
    );
  });
});
