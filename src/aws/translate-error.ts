import { TidemarkError, type ErrorCode } from '../core/errors';
import { readFailure, type AwsFailure } from './failure';

export type AwsService = 'Kinesis' | 'DynamoDB';

/** The call that failed. `context` locates it; a `sequenceNumber` or `startTime` in it says that one was part of the request. */
export interface AwsCall {
  readonly service: AwsService;
  /** Name of the API operation, such as `ListShards`. */
  readonly operation: string;
  readonly context?: Readonly<Record<string, string | number | undefined>>;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
  /** Texts of refused signatures quote the request's headers, a session token among them. */
  readonly hideText?: boolean;
}

/** Names of the SDK's own throttling list, and KMS's, which that list lacks. */
const THROTTLES = new Set([
  'BandwidthLimitExceeded',
  'KMSThrottlingException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);
const DENIALS = new Set(['AccessDenied', 'AccessDeniedException', 'NotAuthorized', 'UnauthorizedOperation']);
const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const EXPIRED_CREDENTIALS = new Set(['ExpiredToken', 'ExpiredTokenException']);
const CLOCK_REFUSALS = new Set(['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed']);
const REFUSED_CREDENTIALS = new Set([
  'AuthFailure',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
/** Refused because something else is going on in the stream or with the item; the same call succeeds later. */
const BUSY = new Set([
  'ReplicatedWriteConflictException',
  'ResourceInUseException',
  'TransactionConflictException',
  'TransactionInProgressException',
]);

/**
 * The `TidemarkError` for a failed call of the AWS SDK.
 *
 * Only the text of a service's answer becomes part of the message. Any other error shows its name and code alone and is never kept as
 * `cause`: a decoder quotes the bytes that it could not read, and those are record data.
 */
export function translateAwsError(error: unknown, call: AwsCall): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const failure = readFailure(error);
  const { code, what, hint, hideText } = meaningOf(failure, call);
  const text = hideText || !failure.text ? '' : `: ${failure.text}`;
  const { name, code: systemCode, httpStatus, requestId, endpoint } = failure;
  const named = name === 'Error' ? undefined : name;
  const context = { ...call.context, error: named, code: systemCode, httpStatus, requestId, endpoint };
  return new TidemarkError(code, `${what}${text}`, { context, hint });
}

function meaningOf(failure: AwsFailure, call: AwsCall): Meaning {
  const { service, operation } = call;
  if (NO_CREDENTIALS.has(failure.name))
    return { code: 'CREDENTIALS_MISSING', what: `No AWS credentials for ${service} ${operation}` };
  if (failure.isRegionMissing)
    return { code: 'CREDENTIALS_MISSING', what: `No AWS region for ${service} ${operation}` };
  if (!failure.isAnswer) return meaningOfNoAnswer(failure, call);
  return (
    meaningOfIdentity(failure, call) ?? meaningOfLoad(failure, call) ?? meaningForService(failure, call) ?? defect(call)
  );
}

function meaningOfNoAnswer(failure: AwsFailure, call: AwsCall): Meaning {
  const { service, operation } = call;
  if (failure.name === 'AbortError') return unavailable(call, `${service} ${operation} was cancelled`);
  if (failure.name === 'SyntaxError')
    return unavailable(call, `${service} gave an answer to ${operation} that cannot be read`);
  const isDefect = failure.code === undefined && ['TypeError', 'RangeError', 'ReferenceError'].includes(failure.name);
  return isDefect ? defect(call) : unavailable(call, `${service} did not answer ${operation}`);
}

/** Who is calling: credentials, permissions, clocks. */
function meaningOfIdentity(failure: AwsFailure, call: AwsCall): Meaning | undefined {
  const { service, operation } = call;
  const { name } = failure;
  // The SDK marks every answer to a machine whose clock is wrong, not only the refusals that the clock is to blame for.
  const isClockToBlame = failure.clockSkewCorrected && REFUSED_CREDENTIALS.has(name);
  if (isClockToBlame || CLOCK_REFUSALS.has(name)) {
    const hint = 'Check the clock of this machine; the call is repeated with the time of AWS.';
    return { ...unavailable(call, `${service} refused the time of ${operation}`), hint, hideText: true };
  }
  if (EXPIRED_CREDENTIALS.has(name)) {
    const hint = 'Renew the credentials; the call is repeated.';
    return {
      ...unavailable(call, `${service} refused ${operation}: the AWS credentials have expired`),
      hint,
      hideText: true,
    };
  }
  if (REFUSED_CREDENTIALS.has(name)) {
    const hint = 'Check AWS credentials, region and account.';
    return {
      code: 'CREDENTIALS_MISSING',
      what: `${service} did not accept the AWS credentials for ${operation}`,
      hint,
      hideText: true,
    };
  }
  const action = `${service.toLowerCase()}:${operation}`;
  if (DENIALS.has(name)) return { code: 'ACCESS_DENIED', what: `Not allowed to call ${action}` };
  if (!name.startsWith('KMS') || THROTTLES.has(name)) return undefined;
  const hint = 'Repair the key, or grant kms:Decrypt on it to the identity of this process.';
  return { code: 'ACCESS_DENIED', what: `The encryption key cannot be used for ${action} (${name})`, hint };
}

function meaningOfLoad(failure: AwsFailure, call: AwsCall): Meaning | undefined {
  const { service, operation } = call;
  if (THROTTLES.has(failure.name) || failure.httpStatus === 429) {
    const hint =
      service === 'DynamoDB' ? 'The call is repeated. Give the table on-demand capacity, or more capacity.' : undefined;
    return { code: 'THROUGHPUT_EXCEEDED', what: `${service} throttles ${operation}`, hint };
  }
  if ((failure.httpStatus ?? 0) >= 500) return unavailable(call, `${service} failed ${operation}`);
  return BUSY.has(failure.name) ? unavailable(call, `${service} cannot do ${operation} at this moment`) : undefined;
}

function meaningForService(failure: AwsFailure, call: AwsCall): Meaning | undefined {
  return call.service === 'Kinesis' ? meaningForKinesis(failure, call) : meaningForDynamodb(failure, call);
}

function meaningForKinesis({ name, text }: AwsFailure, call: AwsCall): Meaning | undefined {
  const { operation, context } = call;
  if (name === 'ExpiredIteratorException') return { code: 'ITERATOR_EXPIRED', what: 'The shard iterator has expired' };
  if (name === 'ResourceNotFoundException') {
    return { code: 'STREAM_NOT_FOUND', what: `Kinesis ${operation} did not find the stream or shard` };
  }
  if (
    !['GetShardIterator', 'SubscribeToShard'].includes(operation) ||
    !['InvalidArgumentException', 'ValidationException'].includes(name)
  ) {
    return undefined;
  }
  if (context?.sequenceNumber !== undefined) {
    return { code: 'INVALID_SEQUENCE_NUMBER', what: 'Kinesis refused the sequence number' };
  }
  if (context?.startTime === undefined || !/timestamp/i.test(text ?? '')) return undefined;
  const hint =
    'A time in the future is refused until it has come; the call is repeated. Check `startFrom` and the clocks.';
  return { ...unavailable(call, 'Kinesis refused the start time'), hint };
}

function meaningForDynamodb({ name, text }: AwsFailure, { operation }: AwsCall): Meaning | undefined {
  if (name === 'ResourceNotFoundException')
    return { code: 'TABLE_NOT_FOUND', what: `DynamoDB ${operation} did not find the table` };
  const isAboutKeys = name === 'ValidationException' && /\bkeys?\b|KeyConditionExpression/i.test(text ?? '');
  return isAboutKeys ? { code: 'TABLE_UNUSABLE', what: `DynamoDB refused the keys of ${operation}` } : undefined;
}

function unavailable({ service }: AwsCall, what: string): Meaning {
  return { code: service === 'Kinesis' ? 'KINESIS_UNAVAILABLE' : 'DYNAMODB_UNAVAILABLE', what };
}

function defect({ service, operation }: AwsCall): Meaning {
  return { code: 'INTERNAL', what: `${service} ${operation} failed in a way that was not foreseen` };
}
