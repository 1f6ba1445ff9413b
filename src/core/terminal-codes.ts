import type { ErrorCode } from './errors';

/** Errors that end a workflow: what it reads is no more, or the failure policy is to stop. Everything else is waited out. */
const TERMINAL: readonly ErrorCode[] = ['STREAM_DELETED', 'STREAM_RECREATED', 'SHARD_NOT_FOUND', 'RECORD_FAILED'];

export function endsWorkflow(code: ErrorCode): boolean {
  return TERMINAL.includes(code);
}
