import { codeOf } from '../core/errors';

const MAX_FRAMES = 5;
const MAX_MESSAGE_CHARS = 1_000;

/**
 * What may be said of an error that user code threw: its class, its code and where, but not its text, which often quotes the data
 * that caused it. With `messages: 'show'` the text too, on one line and cut.
 */
export function describeHandlerError(error: unknown, messages: 'hide' | 'show'): string {
  if (!(error instanceof Error) && !isErrorLike(error)) return `a thrown ${error === null ? 'null' : typeof error}`;
  if (codeOf(error) !== undefined) return `${String(codeOf(error))}: ${error.message}`;
  const name = safeWord(error.name) ?? 'Error';
  const code = safeWord((error as { code?: unknown }).code);
  const head = code === undefined ? name : `${name} (${code})`;
  const text = messages === 'show' ? `: ${oneLine(error.message)}` : '';
  const frames = stackFrames(error);
  return frames.length === 0 ? `${head}${text}` : `${head}${text} ${frames.join(' ')}`;
}

function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'stack' in error;
}

/** Names and codes are identifiers; anything else in their place could be data. */
function safeWord(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z_$][\w$.-]{0,63}$/.test(value) ? value : undefined;
}

/** Frames after the message only: a message may hold lines that look like frames. */
function stackFrames(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const message = String(error.message);
  const start = message === '' ? 0 : stack.indexOf(message);
  if (start < 0) return [];
  return stack
    .slice(start + message.length)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^at .+:\d+:\d+\)?$/.test(line))
    .slice(0, MAX_FRAMES);
}

function oneLine(text: string): string {
  // eslint-style control characters would let data forge log lines
  return Array.from(String(text).slice(0, MAX_MESSAGE_CHARS), (char) =>
    char < ' ' || char === '\u007f' ? ' ' : char,
  ).join('');
}
