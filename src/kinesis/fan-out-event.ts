import { TidemarkError } from '../core/errors';
import { readMessages, type EventMessage } from './event-stream';
import type { FanOutEvent } from './fan-out-port';
import { decodePage } from './page-decoder';

/** An exception that Kinesis sent in the stream of events, in the form of an error of the AWS SDK. */
export class SubscriptionException extends Error {
  readonly $fault: 'client' | 'server';

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
    this.$fault = name === 'InternalFailureException' ? 'server' : 'client';
  }

  get $metadata(): { httpStatusCode?: number } {
    return this.$fault === 'server' ? { httpStatusCode: 500 } : {};
  }
}

/** The events in the body of an answer. @throws `SubscriptionException`, and what `readMessages` and `decodePage` throw */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<FanOutEvent, void, undefined> {
  for await (const message of readMessages(body)) {
    const event = toEvent(message);
    if (event) yield event;
  }
}

/** Undefined for kinds that are not known: the initial response, and what AWS may add. */
function toEvent({ headers, body }: EventMessage): FanOutEvent | undefined {
  switch (headers.get(':message-type')) {
    case 'exception':
      throw new SubscriptionException(headers.get(':exception-type') ?? '', messageOf(body));
    case 'error':
      throw new SubscriptionException(headers.get(':error-code') ?? '', headers.get(':error-message') ?? '');
    case 'event':
      return headers.get(':event-type') === 'SubscribeToShardEvent' ? decodeEvent(body) : undefined;
    default:
      throw new TidemarkError('INVALID_ANSWER', 'Kinesis sent a message of no known type');
  }
}

/** But for the continuation, an event has the form of a page. */
function decodeEvent(body: Buffer): FanOutEvent {
  const { records, millisBehindLatest, childShards } = decodePage(body);
  const continuation = continuationOf(body);
  return { records, millisBehindLatest, childShards, ...(continuation ? { continuation } : {}) };
}

const MARKER = Buffer.from('"ContinuationSequenceNumber":"');
const QUOTE = 0x22;

/** Quotes inside a JSON string are escaped, so the marker can only be the key. It is rare that it is not there: at the shard's end. */
function continuationOf(body: Buffer): string | undefined {
  const at = body.indexOf(MARKER);
  if (at >= 0) return body.toString('latin1', at + MARKER.length, body.indexOf(QUOTE, at + MARKER.length));
  const { ContinuationSequenceNumber: value } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  return typeof value === 'string' ? value : undefined;
}

function messageOf(body: Buffer): string {
  try {
    const { message, Message } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const text = message ?? Message;
    return typeof text === 'string' ? text : '';
  } catch {
    return '';
  }
}
