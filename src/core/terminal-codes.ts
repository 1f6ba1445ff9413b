import type { ErrorCode } from './errors';

/** Errors that end a workflow: the stream, or the shard, that it reads is no more. Everything else is waited out. */
const TERMINAL: readonly ErrorCode[] = ['STREAM_DELETED', 'STREAM_RECREATED', 'SHARD_NOT_FOUND'];

export function endsWorkflow(code: ErrorCode): boolean {
  return TERMINAL.includes(code);
}
