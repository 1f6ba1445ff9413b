import { TidemarkError, type ErrorCode } from '../core/errors';
import { safeFrames, safeName } from './safe-stack';

const MAX_MESSAGE_CHARS = 1_000;

/** How much of a user's error is told: see `errorDetail` of the options. */
export type ErrorDetail = 'code' | 'message';

/**
 * What may be said of an error that user code threw: its class, its code and where, but not its text, which often quotes the data
 * that caused it. With `detail: 'message'` the text too, on one line and cut. Never throws, whatever was thrown.
 */
export function describeHandlerError(error: unknown, detail: ErrorDetail): string {
  try {
    return describe(error, detail);
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

function describe(error: unknown, detail: ErrorDetail): string {
  if (!isErrorLike(error)) {
    const text = detail === 'message' && typeof error === 'string' ? `: ${oneLine(error)}` : '';
    return `a thrown ${error === null ? 'null' : typeof error}${text}`;
  }
  if (error instanceof TidemarkError) return `${error.code}: ${error.message}`;
  const name = safeName(error.name) ?? 'Error';
  const code = safeName((error as { code?: unknown }).code);
  const head = code === undefined ? name : `${name} (${code})`;
  const text = detail === 'message' ? `: ${oneLine(String(error.message))}` : '';
  return [`${head}${text}`, ...safeFrames(error)].join(' ');
}

/** Also an error of another realm. */
export function isErrorLike(error: unknown): error is Error {
  if (error instanceof Error) return true;
  return typeof error === 'object' && error !== null && 'message' in error && 'stack' in error;
}

/** Control characters would let data forge log lines, or command a terminal. */
export function oneLine(text: string): string {
  return text.slice(0, MAX_MESSAGE_CHARS).replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}
