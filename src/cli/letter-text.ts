import type { DeadLetter, DeadLetterError } from '../core/dead-letter';
import { printable, asText } from './printable';

const BASE64_COLUMNS = 76;

/** A dead letter for a terminal: what is known of it, then its payload. */
export function renderLetter(letter: DeadLetter): string {
  return [...facts(letter), '', ...letter.errors.map(errorLine), '', ...payloadLines(letter.data)].join('\n');
}

function facts(letter: DeadLetter): string[] {
  const { shard, subSequenceNumber, decidedBy, reason, decidedAtMs, expiresAtMs } = letter;
  const sub = subSequenceNumber === undefined ? '' : `.${subSequenceNumber}`;
  const decided = decidedAtMs === undefined ? undefined : isoOf(decidedAtMs);
  const rows: [string, string | undefined][] = [
    ['Status', letter.status],
    ['Stream', shard.streamArn],
    ['Shard', shard.shardId],
    ['Sequence number', `${letter.sequenceNumber}${sub}`],
    ['Partition key', printable(letter.partitionKey)],
    ['Arrived', isoOf(letter.arrivalMs)],
    ['Set aside', `${isoOf(letter.writtenAtMs)}, ${letter.condition}`],
    [
      'Decided',
      decided &&
        [decided, decidedBy && `by ${printable(decidedBy)}`, reason && printable(reason)].filter(Boolean).join(', '),
    ],
    ['Expires', expiresAtMs === undefined ? undefined : isoOf(expiresAtMs)],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`${`${name}:`.padEnd(17)}${value}`]));
}

function errorLine({ code, message, attempts, atMs, workflowId, runId }: DeadLetterError): string {
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return `${isoOf(atMs)} ${code} after ${tries}: ${printable(message)}\n  workflow ${printable(workflowId)}, run ${printable(runId)}`;
}

function payloadLines(data: Uint8Array): string[] {
  const text = asText(data);
  const size = `${data.byteLength.toLocaleString('en-US')} bytes`;
  if (text !== undefined) return [`Payload, ${size}:`, text];
  const base64 = Buffer.from(data).toString('base64');
  return [`Payload, ${size}, in base64:`, ...(base64.match(new RegExp(`.{1,${BASE64_COLUMNS}}`, 'g')) ?? [])];
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
