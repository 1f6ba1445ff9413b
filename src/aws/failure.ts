/** What an error of the AWS SDK says of itself, without anything that may quote data. */
export interface AwsFailure {
  readonly name: string;
  /** Code of a system error, such as ECONNREFUSED. */
  readonly code?: string;
  readonly httpStatus?: number;
  readonly requestId?: string;
  /** True for an answer of the service; false for anything that happened on this side or on the way. */
  readonly isAnswer: boolean;
  /** Text of the service's answer, one line. Never the text of another error: those quote what they could not read. */
  readonly text?: string;
  /** This machine's clock is wrong, and the SDK has learnt the service's from this answer: the next call is signed with it. */
  readonly clockSkewCorrected: boolean;
  readonly isRegionMissing: boolean;
  /** Address that the call went to, if it got that far. */
  readonly endpoint?: string;
}

const MAX_TEXT_LENGTH = 500;

const endpoints = new WeakMap<object, string>();

/** Remembers for an error which address the failed call went to. */
export function noteEndpoint(error: unknown, endpoint: string): void {
  if (typeof error === 'object' && error !== null) endpoints.set(error, endpoint);
}

export function readFailure(error: unknown): AwsFailure {
  const raw = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const metadata = (typeof raw.$metadata === 'object' && raw.$metadata !== null ? raw.$metadata : {}) as Record<
    string,
    unknown
  >;
  const isAnswer = raw.$fault === 'client' || raw.$fault === 'server';
  return {
    name: identifier(raw.name) ?? 'UnknownError',
    code: identifier(raw.code),
    httpStatus: typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined,
    requestId: identifier(metadata.requestId),
    isAnswer,
    text: isAnswer && typeof raw.message === 'string' ? oneLine(raw.message) : undefined,
    clockSkewCorrected: metadata.clockSkewCorrected === true,
    isRegionMissing: raw.message === 'Region is missing',
    endpoint: endpoints.get(raw),
  };
}

/** Names and codes are identifiers; whatever else stands there may be data. */
function identifier(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,100}$/.test(value) ? value : undefined;
}

function oneLine(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT_LENGTH);
}
