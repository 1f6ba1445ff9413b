import { InvalidArgumentError, type Command } from 'commander';
import type { RedriveFilter } from '../core/redrive';
import { isErrorCode, type ErrorCode } from '../core/errors';
import { isRecordName } from '../core/record-name';
import { pastTime } from './time-values';

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
    .option('--from <time>', 'only those set aside since: ISO 8601, or 90s, 30m, 2h, 7d ago', pastTime)
    .option('--to <time>', 'only those set aside until', pastTime);
}

export function filterOf({ shard, code, from, to }: LetterFlags): Omit<RedriveFilter, 'sequenceNumber'> {
  return { shardId: shard, code, fromMs: from, toMs: to };
}

export function sequenceNumber(text: string): string {
  if (isRecordName(text)) return text;
  throw new InvalidArgumentError(
    'Expected a sequence number: digits only. A user record of an aggregate has its index behind them: 123.4.',
  );
}

function errorCode(text: string): ErrorCode {
  if (isErrorCode(text)) return text;
  throw new InvalidArgumentError('No such error code; docs/errors.md lists them.');
}
