import { isSequenceNumber, SHARD_END, TRIM_HORIZON, type Position } from './positions';

/** A position from words, as `describePosition` writes them; undefined if they are none. */
export function parsePositionText(text: string): Position | undefined {
  if (text === 'TRIM_HORIZON') return TRIM_HORIZON;
  if (text === 'SHARD_END') return SHARD_END;
  const [, kind, rest = ''] = /^(AT|FROM|AFTER) (\S+)$/.exec(text) ?? [];
  if (kind === 'AT') return atTimestamp(rest);
  if (kind === 'FROM') return isSequenceNumber(rest) ? { at: 'FROM', sequenceNumber: rest } : undefined;
  return kind === 'AFTER' ? after(rest) : undefined;
}

function atTimestamp(text: string): Position | undefined {
  const timestampMs = /^[+-]?\d{4,6}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timestampMs) ? undefined : { at: 'AT_TIMESTAMP', timestampMs };
}

function after(text: string): Position | undefined {
  const [, sequenceNumber = '', sub] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (!isSequenceNumber(sequenceNumber)) return undefined;
  return sub === undefined
    ? { at: 'AFTER', sequenceNumber }
    : { at: 'AFTER', sequenceNumber, subSequenceNumber: Number(sub) };
}
