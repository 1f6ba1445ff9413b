import { codeOf, type ErrorCode } from '../core/errors';

const PASSING: readonly ErrorCode[] = ['KINESIS_UNAVAILABLE', 'THROUGHPUT_EXCEEDED', 'INVALID_ANSWER'];

/** Whether a failed call to Kinesis says nothing about stream, shard or permission: it is made again until it is answered. */
export function isPassingTrouble(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && PASSING.includes(code);
}
