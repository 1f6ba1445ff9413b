import { TidemarkError, type ErrorCode } from '../core/errors';
import { safeFrames, safeName } from './safe-stack';

const MAX_MESSAGE_CHARS = 1_000;

/**
 * What may be said of an error that user code threw: its class, its code and where, but not its text, which often quotes the data
 * that caused it. With `messages: 'show'` the text too, on one line and cut. Never throws, whatever was thrown.
 */
export function describeHandlerError(error: unknown, messages: 'hide' | 'show'): string {
  try {
    return describe(error, messages);
  } catch {
    return 'a thrown value that cannot be read';
  }
}

/** Code of an error that Tidemark itself made. An error that only looks like one is the user's: its text may hold anything. */
export function tidemarkCodeOf(error: unknown): ErrorCode | undefined {
  try {
    return error instanceof TidemarkError ? error.code : undefined;
  } catch {
    return undefined;
  }
}

function describe(error: unknown, messages: 'hide' | 'show'): string {
  if (!(error instanceof Error) && !isErrorLike(error)) {
    const text = messages === 'show' && typeof error === 'string' ? `: ${oneLine(error)}` : '';
    return `a thrown ${error === null ? 'null' : typeof error}${text}`;
  }
  if (error instanceof TidemarkError) return `${error.code}: ${error.message}`;
  const name = safeName(error.name) ?? 'Error';
  const code = safeName((error as { code?: unknown }).code);
  const head = code === undefined ? name : `${name} (${code})`;
  const text = messages === 'show' ? `: ${oneLine(String(error.message))}` : '';
  return [`${head}${text}`, ...safeFrames(error)].join(' ');
}

function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'stack' in error;
}

/** Control characters would let data forge log lines, or command a terminal. */
function oneLine(text: string): string {
  return text.slice(0, MAX_MESSAGE_CHARS).replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}
