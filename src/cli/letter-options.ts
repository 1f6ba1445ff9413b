import { InvalidArgumentError, type Command } from 'commander';
import type { RedriveFilter } from '../core/redrive';
import { isErrorCode, type ErrorCode } from '../core/errors';
import { isSequenceNumber } from '../core/positions';

/** Options that say which dead letters. */
export interface LetterFlags {
  readonly shard?: string;
  readonly code?: ErrorCode;
  readonly from?: number;
  readonly to?: number;
}

export function addLetterOptions(command: Command): Command {
  return command
    .option('--shard <id>', 'only of this shard')
    .option('--code <code>', 'only with this code of their last error, such as HANDLER_FAILED', errorCode)
    .option('--from <time>', 'only those set aside since: ISO 8601, or 90s, 30m, 2h, 7d ago', time)
    .option('--to <time>', 'only those set aside until', time);
}

export function filterOf({ shard, code, from, to }: LetterFlags): Omit<RedriveFilter, 'sequenceNumber'> {
  return { shardId: shard, code, fromMs: from, toMs: to };
}

export function sequenceNumber(text: string): string {
  if (isSequenceNumber(text)) return text;
  throw new InvalidArgumentError('Expected a sequence number: digits only.');
}

function errorCode(text: string): ErrorCode {
  if (isErrorCode(text)) return text;
  throw new InvalidArgumentError('No such error code; docs/errors.md lists them.');
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Epoch milliseconds. */
export function time(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return Date.now() - Number(amount) * (UNIT_MS[unit] ?? 0);
  const timeMs = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new InvalidArgumentError('Expected a time such as 2026-01-31T12:00:00Z, or an age such as 30m, 2h, 7d.');
}
