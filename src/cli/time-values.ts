/** Options that name a time, or a position in a shard by it. */
import { InvalidArgumentError } from 'commander';
import { isSequenceNumber, TRIM_HORIZON, type Position } from '../core/positions';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** For an option that names a time that is past: ISO 8601, or how long ago. Epoch milliseconds. */
export function pastTime(text: string): number {
  const timeMs = timeOf(text, -1);
  if (timeMs !== undefined) return timeMs;
  throw new InvalidArgumentError('Expected a time such as 2026-01-31T12:00:00Z, or an age such as 30m, 2h, 7d.');
}

/** For an option that names a time to come: ISO 8601, or how long from now. Epoch milliseconds. */
export function timeToCome(text: string): number {
  const timeMs = timeOf(text, 1);
  if (timeMs !== undefined && timeMs > Date.now()) return timeMs;
  throw new InvalidArgumentError('Expected a time to come: 30m, 2h, 1d, or such as 2026-01-31T12:00:00Z.');
}

/** For an option that says with which record to go on: the first one since a time, the named one, or the oldest. */
export function positionFrom(text: string): Position {
  return text.toUpperCase() === 'TRIM_HORIZON' ? TRIM_HORIZON : positionOf(text, 'FROM');
}

/** For an option that says up to which record to leave out: those before a time, or up to and including the named one. */
export function positionThrough(text: string): Position {
  return positionOf(text, 'AFTER');
}

function positionOf(text: string, at: 'FROM' | 'AFTER'): Position {
  const timestampMs = timeOf(text, -1);
  if (timestampMs !== undefined) return { at: 'AT_TIMESTAMP', timestampMs };
  if (isSequenceNumber(text)) return { at, sequenceNumber: text };
  throw new InvalidArgumentError(
    'Expected a time such as 2026-01-31T12:00:00Z, an age such as 30m, 2h, 7d, or a sequence number.',
  );
}

/** Milliseconds of `90s`, `30m`, `2h`, `7d`; undefined if it is none. */
export function spanMs(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNIT_MS[unit] ?? 0);
}

function timeOf(text: string, direction: 1 | -1): number | undefined {
  const span = spanMs(text);
  if (span !== undefined) return validTime(Date.now() + direction * span);
  return validTime(/^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN);
}

/** An age may be larger than all of time. */
function validTime(timeMs: number): number | undefined {
  return Number.isNaN(new Date(timeMs).getTime()) ? undefined : timeMs;
}
