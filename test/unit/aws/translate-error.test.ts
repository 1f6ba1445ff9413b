import { inspect } from 'node:util';

import { noteEndpoint } from '../../../src/aws/failure';
import { translateAwsError, type AwsCall } from '../../../src/aws/translate-error';
import { TidemarkError } from '../../../src/core/errors';

const getRecords: AwsCall = { service: 'Kinesis', operation: 'GetRecords', context: { stream: 'flights' } };
const updateItem: AwsCall = { service: 'DynamoDB', operation: 'UpdateItem', context: { table: 'checkpoints' } };

/** An answer of the service, as the SDK throws it. */
function answer(name: string, { message = 'Said by the service.', status = 400, ...more } = {}): Error {
  const $metadata = { httpStatusCode: status, requestId: 'request-1', ...more };
  return Object.assign(new Error(message), { name, $fault: status >= 500 ? 'server' : 'client', $metadata });
}

/** An error of this side or of the way. */
function failure(name: string, code?: string, message = 'Quotes data'): Error {
  return Object.assign(new Error(message), { name, code });
}

describe('translateAwsError', () => {
  it.each([
    ['AccessDeniedException', 'ACCESS_DENIED', false],
    ['KMSAccessDeniedException', 'ACCESS_DENIED', false],
    ['KMSDisabledException', 'ACCESS_DENIED', false],
    ['KMSInvalidStateException', 'ACCESS_DENIED', false],
    ['KMSNotFoundException', 'ACCESS_DENIED', false],
    ['KMSOptInRequired', 'ACCESS_DENIED', false],
    ['KMSThrottlingException', 'THROUGHPUT_EXCEEDED', true],
    ['ProvisionedThroughputExceededException', 'THROUGHPUT_EXCEEDED', true],
    ['LimitExceededException', 'THROUGHPUT_EXCEEDED', true],
    ['ThrottlingException', 'THROUGHPUT_EXCEEDED', true],
    ['RequestLimitExceeded', 'THROUGHPUT_EXCEEDED', true],
    ['ExpiredIteratorException', 'ITERATOR_EXPIRED', true],
    ['ResourceNotFoundException', 'STREAM_NOT_FOUND', false],
    ['ResourceInUseException', 'KINESIS_UNAVAILABLE', true],
    ['UnrecognizedClientException', 'CREDENTIALS_MISSING', false],
    ['ExpiredTokenException', 'KINESIS_UNAVAILABLE', true],
    ['RequestTimeTooSkewed', 'KINESIS_UNAVAILABLE', true],
    ['InvalidArgumentException', 'INTERNAL', true],
  ])('Kinesis: %s is %s', (name, code, retryable) => {
    const error = translateAwsError(answer(name), getRecords);
    expect(error).toMatchObject({
      code,
      retryable,
      context: { stream: 'flights', error: name, requestId: 'request-1' },
    });
  });

  it.each([
    ['ResourceNotFoundException', 'TABLE_NOT_FOUND', false],
    ['ProvisionedThroughputExceededException', 'THROUGHPUT_EXCEEDED', true],
    ['TransactionConflictException', 'DYNAMODB_UNAVAILABLE', true],
    ['ReplicatedWriteConflictException', 'DYNAMODB_UNAVAILABLE', true],
    ['AccessDeniedException', 'ACCESS_DENIED', false],
    ['ValidationException', 'INTERNAL', true],
  ])('DynamoDB: %s is %s', (name, code, retryable) => {
    expect(translateAwsError(answer(name), updateItem)).toMatchObject({ code, retryable });
  });

  it('takes a refused key for a table that cannot be used', () => {
    const message = 'The provided key element does not match the schema';
    expect(translateAwsError(answer('ValidationException', { message }), updateItem)).toMatchObject({
      code: 'TABLE_UNUSABLE',
    });
  });

  it.each([500, 502, 503, 504])('takes status %i for an outage', (status) => {
    expect(translateAwsError(answer('Whatever', { status }), getRecords)).toMatchObject({
      code: 'KINESIS_UNAVAILABLE',
    });
    expect(translateAwsError(answer('Whatever', { status }), updateItem)).toMatchObject({
      code: 'DYNAMODB_UNAVAILABLE',
    });
  });

  it('takes a refused signature for an outage once the SDK has corrected its clock', () => {
    const corrected = Object.assign(answer('InvalidSignatureException'), { $metadata: { clockSkewCorrected: true } });
    expect(translateAwsError(corrected, updateItem)).toMatchObject({ code: 'DYNAMODB_UNAVAILABLE', retryable: true });
    expect(translateAwsError(answer('InvalidSignatureException'), updateItem)).toMatchObject({
      code: 'CREDENTIALS_MISSING',
    });
    const expired = Object.assign(answer('ExpiredIteratorException'), { $metadata: { clockSkewCorrected: true } });
    expect(translateAwsError(expired, getRecords)).toMatchObject({ code: 'ITERATOR_EXPIRED' });
  });

  it.each([
    ['ECONNREFUSED', 'SystemError'],
    ['ECONNRESET', 'SystemError'],
    ['ENOTFOUND', 'SystemError'],
    ['EAI_AGAIN', 'SystemError'],
    ['ETIMEDOUT', 'TimeoutError'],
    [undefined, 'TimeoutError'],
    [undefined, 'AbortError'],
    [undefined, 'SyntaxError'],
  ])('takes %s (%s) for an outage that a repetition may end', (code, name) => {
    const error = translateAwsError(failure(name, code), getRecords);
    expect(error).toMatchObject({ code: 'KINESIS_UNAVAILABLE', retryable: true, context: { error: name, code } });
  });

  it('names the address that did not answer', () => {
    const refused = failure('Error', 'ECONNREFUSED');
    noteEndpoint(refused, '127.0.0.1:4568');
    expect(translateAwsError(refused, getRecords).message).toContain('endpoint=127.0.0.1:4568');
  });

  it('names the action that is not allowed, and what the service said', () => {
    const denied = translateAwsError(answer('AccessDeniedException', { message: 'No policy\n allows it.' }), {
      service: 'Kinesis',
      operation: 'ListShards',
    });
    expect(denied.message).toContain('Not allowed to call kinesis:ListShards: No policy allows it');
  });

  it.each(['KMSDisabledException', 'KMSAccessDeniedException'])('names %s in the message', (name) => {
    expect(translateAwsError(answer(name), getRecords).message).toContain(`kinesis:GetRecords (${name})`);
  });

  it('tells missing credentials from a missing region', () => {
    const region = translateAwsError(new Error('Region is missing'), updateItem);
    expect(region).toMatchObject({ code: 'CREDENTIALS_MISSING', message: expect.stringContaining('No AWS region') });
    const credentials = translateAwsError(failure('CredentialsProviderError'), updateItem);
    expect(credentials).toMatchObject({
      code: 'CREDENTIALS_MISSING',
      message: expect.stringContaining('No AWS credentials'),
    });
  });

  it('takes a refused request with a sequence number for a wrong sequence number', () => {
    const call = { service: 'Kinesis', operation: 'GetShardIterator' } as const;
    const refused = answer('InvalidArgumentException');
    expect(translateAwsError(refused, { ...call, context: { sequenceNumber: '12' } })).toMatchObject({
      code: 'INVALID_SEQUENCE_NUMBER',
    });
    expect(translateAwsError(refused, { ...call, context: { sequenceNumber: undefined } })).toMatchObject({
      code: 'INTERNAL',
    });
  });

  it('takes a refused start time for one that is to come, and nothing else', () => {
    const call: AwsCall = {
      service: 'Kinesis',
      operation: 'GetShardIterator',
      context: { startTime: '2026-01-01T00:00:00.000Z' },
    };
    const message = 'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.';
    expect(translateAwsError(answer('InvalidArgumentException', { message }), call)).toMatchObject({
      code: 'KINESIS_UNAVAILABLE',
    });
    expect(translateAwsError(answer('InvalidArgumentException'), call)).toMatchObject({ code: 'INTERNAL' });
  });

  it('leaves its own errors as they are', () => {
    const own = new TidemarkError('INVALID_ANSWER', 'Own');
    expect(translateAwsError(own, getRecords)).toBe(own);
  });

  it.each([undefined, null, 'text', 42, {}, { name: 7, code: {} }, Object.create(null) as object])(
    'stands %p',
    (thrown) => {
      expect(translateAwsError(thrown, getRecords)).toMatchObject({ code: 'KINESIS_UNAVAILABLE' });
    },
  );
});

describe('what a translated error may show', () => {
  const CANARY = 'canary-7f3a';

  it.each([
    ['a decoder', Object.assign(new SyntaxError(`Unexpected "${CANARY}"`), { $responseBodyText: CANARY })],
    ['a network error', failure('Error', 'ECONNRESET', CANARY)],
    ['an error with data for a name', failure(`${CANARY} is not valid`, `${CANARY}: bad`, CANARY)],
    ['an error with a cause', new Error(CANARY, { cause: new Error(CANARY) })],
    ['a type error', new TypeError(CANARY)],
    ['a string', `thrown ${CANARY}`],
  ])('never the text of %s', (_what, error) => {
    expect(everythingIn(translateAwsError(error, getRecords))).not.toContain(CANARY);
  });

  it.each([
    'SignatureDoesNotMatch',
    'InvalidSignatureException',
    'IncompleteSignatureException',
    'ExpiredTokenException',
  ])('never the text of %s: it quotes the headers of the request', (name) => {
    const quoting = answer(name, { message: `x-amz-security-token:${CANARY}` });
    expect(everythingIn(translateAwsError(quoting, getRecords))).not.toContain(CANARY);
  });

  it('nothing of an answer but its text', () => {
    const error = Object.assign(answer('ValidationException'), { $response: { body: CANARY }, Item: { data: CANARY } });
    expect(everythingIn(translateAwsError(error, updateItem))).not.toContain(CANARY);
  });

  it('no more than a line of an answer, without control characters', () => {
    const { message } = translateAwsError(
      answer('ValidationException', { message: `\u001b[31m\n${'x'.repeat(9_999)}` }),
      updateItem,
    );
    expect(message.length).toBeLessThan(1_000);
    expect(message).not.toMatch(/\p{Cc}/u);
  });

  function everythingIn(error: TidemarkError): string {
    return `${inspect(error, { depth: null, showHidden: true })}${error.stack}${JSON.stringify(error)}`;
  }
});
