/**
 * Every error that Tidemark names. A code never changes: it is a Temporal failure type, a column of `status` and what users match on.
 * `retryable` says whether the same call may succeed later without anybody doing anything.
 */
export const errorCodes = {
  INVALID_OPTION: { retryable: false, hint: 'Correct the named options.' },
  INVALID_CONSUMER_FILE: {
    retryable: false,
    hint: 'Export the result of defineConsumer(...) as the default export of the file.',
  },
  DUPLICATE_CONSUMER: { retryable: false, hint: 'Give each consumer of a stream its own name.' },
  CONSUMER_CONFLICT: {
    retryable: false,
    hint: 'Use the start position this consumer was first started with, or another consumer name.',
  },
  UNKNOWN_CONSUMER: { retryable: true, hint: 'Start a worker that has this consumer, on this task queue.' },
  STREAM_NOT_FOUND: { retryable: false, hint: 'Create the stream, or correct `stream`, the region and the account.' },
  STREAM_DELETED: {
    retryable: false,
    hint: 'The stream is gone. Stop the consumer, or create the stream and start the consumer again.',
  },
  STREAM_RECREATED: {
    retryable: false,
    hint: 'The stream was deleted and created again under the same name. Start the consumer again to read the new stream.',
  },
  SHARD_NOT_FOUND: {
    retryable: false,
    hint: 'The shard has aged out of the stream, or its id is wrong. See `npx tidemark status`.',
  },
  TABLE_NOT_FOUND: { retryable: false, hint: 'Create it with `npx tidemark table create`, or `run --create-table`.' },
  TABLE_UNUSABLE: {
    retryable: false,
    hint: 'The checkpoint table needs the keys pk and sk (strings). Use another table.',
  },
  ACCESS_DENIED: { retryable: false, hint: 'Grant the named action to the identity of this process.' },
  CREDENTIALS_MISSING: {
    retryable: false,
    hint: 'Give AWS credentials and a region the standard way: environment, profile or role.',
  },
  TEMPORAL_UNAVAILABLE: { retryable: true, hint: 'Check TEMPORAL_ADDRESS and that the server runs.' },
  TEMPORAL_NAMESPACE_NOT_FOUND: { retryable: false, hint: 'Create the namespace or correct TEMPORAL_NAMESPACE.' },
  WORKFLOW_NOT_FOUND: { retryable: false, hint: 'Start the consumer first.' },
  NO_WORKER: { retryable: true, hint: 'Start a worker for this consumer, or use --force.' },
  KINESIS_UNAVAILABLE: { retryable: true, hint: 'Check AWS_ENDPOINT_URL_KINESIS, the network and the service.' },
  DYNAMODB_UNAVAILABLE: { retryable: true, hint: 'Check AWS_ENDPOINT_URL_DYNAMODB, the network and the service.' },
  THROUGHPUT_EXCEEDED: {
    retryable: true,
    hint: 'Other readers share the limits of the shard: wait, or give each its share with readBudget.',
  },
  ITERATOR_EXPIRED: { retryable: true, hint: 'A new iterator is taken by itself.' },
  STREAM_CONSUMER_MISSING: {
    retryable: true,
    hint: 'Register the stream consumer for enhanced fan-out, or take `fanOut` out: see docs/fan-out.md.',
  },
  SUBSCRIPTION_TAKEN: {
    retryable: true,
    hint: 'A shard has one subscription per stream consumer. If it goes on, two readers share one: give each its own `fanOut.consumerName`.',
  },
  INVALID_SEQUENCE_NUMBER: {
    retryable: false,
    hint: 'The checkpoint does not belong to this shard of this stream. Look at the checkpoint row.',
  },
  INVALID_ANSWER: { retryable: true, hint: 'Kinesis gave an answer that contradicts itself; the call is repeated.' },
  CHECKPOINT_UNDECIDED: { retryable: true, hint: 'DynamoDB did not answer in time; the next attempt finds out.' },
  CHECKPOINT_DAMAGED: {
    retryable: false,
    hint: 'The checkpoint row cannot be read. Repair or delete it; the workflow writes it again.',
  },
  OWNERSHIP_EXPIRED: {
    retryable: true,
    hint: 'The process was frozen for longer than the heartbeat timeout; another attempt goes on.',
  },
  HANDLER_FAILED: { retryable: true, hint: 'The batch is tried again. Look at the handler.' },
  HANDLER_TIMEOUT: { retryable: true, hint: 'The handler did not settle within handlerTimeoutMs.' },
  HANDLER_DIED: {
    retryable: true,
    hint: 'The process or thread ended while the handler had the batch: look for exit, abort, memory or an endless loop.',
  },
  INVALID_RESULT: {
    retryable: true,
    hint: 'A handler returns nothing, { failures, unhandled? } or { transact }.',
  },
  RECORD_REJECTED: { retryable: false, hint: 'The handler said that this record can never succeed.' },
  SCHEMA_INVALID: { retryable: false, hint: 'The record does not validate against the schema of the consumer.' },
  FILTER_FAILED: {
    retryable: false,
    hint: 'The filter of the consumer threw, or gave something else than true or false.',
  },
  TRANSACTION_TOO_LARGE: {
    retryable: false,
    hint: 'The effects of one record must fit one transaction: 99 items, 4 MB, no item twice.',
  },
  EFFECT_REFUSED: {
    retryable: true,
    hint: 'A condition among the effects did not hold. Nothing of the batch was written.',
  },
  DEAD_LETTER_FAILED: {
    retryable: true,
    hint: 'The record is neither set aside nor committed; onDeadLetter is called again.',
  },
  RECORD_FAILED: {
    retryable: false,
    hint: "The failure policy is 'stop'. Correct the handler or the record, then start the consumer again.",
  },
  RECORD_GONE: {
    retryable: false,
    hint: 'Read payloads before the handler returns, and wait for all work on them.',
  },
  DATA_LOST: {
    retryable: false,
    hint: 'Retention took records before they were read, and onDataLoss is stop. `npx tidemark skip` accepts the loss.',
  },
  REDRIVE_RUNNING: {
    retryable: true,
    hint: 'One redrive of a consumer runs at a time, so that order is kept: wait for it, or cancel its workflow.',
  },
  REPLAY_EXISTS: { retryable: false, hint: 'Look at it with `npx tidemark replay status`, or choose another id.' },
  REPLAY_NOT_FOUND: { retryable: false, hint: 'See `npx tidemark replay list`.' },
  RANGE_EXPIRED: {
    retryable: false,
    hint: 'Retention no longer has all of the range. Say --partial to replay what is left of it.',
  },
  PARTITION_KEY_PARKED: {
    retryable: true,
    hint: 'An earlier record of the same partition key is parked: see `npx tidemark retry` and `skip`.',
  },
  DEAD_LETTER_NOT_FOUND: { retryable: false, hint: 'See `npx tidemark dead-letters list`.' },
  RESTORE_POINT_EXISTS: { retryable: false, hint: 'Choose another name, or delete it first.' },
  RESTORE_POINT_NOT_FOUND: { retryable: false, hint: 'See `npx tidemark restore-point list`.' },
  MOVE_REFUSED: {
    retryable: false,
    hint: 'The checkpoint stands where it stood. See `npx tidemark status`.',
  },
  CONSUMER_RUNNING: {
    retryable: false,
    hint: 'Stop the consumer first: `npx tidemark stop`. A position under a running workflow would be taken back by it.',
  },
  BACKUP_INVALID: { retryable: false, hint: 'The form of the file is described in docs/backups.md.' },
  BACKUP_MISMATCH: {
    retryable: false,
    hint: 'Positions mean something only for the consumer and the very stream that they were taken from.',
  },
  NOT_PARKED: { retryable: false, hint: 'Only a parked shard or partition key can be retried or skipped.' },
  INTERNAL: { retryable: true, hint: 'This is a defect of Tidemark: please report it.' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface TidemarkErrorOptions {
  /** Names and values that locate the error. Never record data, never credentials. */
  readonly context?: Readonly<Record<string, string | number | undefined>>;
  readonly cause?: unknown;
  /** What to do, where the general hint of the code is not good enough. */
  readonly hint?: string;
}

/**
 * The one error class of Tidemark: a code, what happened, where, and what to do.
 * The message has the form `what happened [stream=…, shard=…]. What to do.`
 */
export class TidemarkError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, string | number | undefined>>;

  constructor(code: ErrorCode, whatHappened: string, options: TidemarkErrorOptions = {}) {
    super(
      composeMessage(code, whatHappened, options),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'TidemarkError';
    this.code = code;
    this.retryable = errorCodes[code].retryable;
    this.context = options.context ?? {};
  }
}

function composeMessage(code: ErrorCode, whatHappened: string, { context = {}, hint }: TidemarkErrorOptions): string {
  const pairs = Object.entries(context).filter(([, value]) => value !== undefined);
  const where = pairs.length === 0 ? '' : ` [${pairs.map(([name, value]) => `${name}=${value}`).join(', ')}]`;
  // After a list the hint stands on a line of its own.
  const stop = where === '' && whatHappened.endsWith('\n') ? '' : '. ';
  return `${whatHappened.replace(/\.$/, '')}${where}${stop}${hint ?? errorCodes[code].hint}`;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}

/** The Tidemark code of an error, across module copies and realms; undefined for anything else. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, code, type } = error as { name?: unknown; code?: unknown; type?: unknown };
  if (name === 'TidemarkError' && isErrorCode(code)) return code;
  return name === 'ApplicationFailure' && isErrorCode(type) ? type : undefined;
}
