import { isNativeError } from 'node:util/types';

const MAX_FRAMES = 5;
const MAX_FRAME_CHARS = 300;

/** What a stack begins with: a class, Node's code for its own errors, and a colon, which may be missing without a message. */
const HEADER = /^[\w$.-]{1,100}(?: \[[\w$]{1,64}\])?(?:: )?/;
const FRAME = /^at (?:[\w$.<>[\]# ]{1,150} \([^()]+:\d+:\d+\)|(?:async )?[^() ]+:\d+:\d+)$/;

/** Names and codes are identifiers; anything else in their place could be data. */
export function safeName(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z_$][\w$.-]{0,63}$/.test(value) ? value : undefined;
}

/**
 * Stack frames of an error, without anything of its message or name: both may hold lines that look like frames. None where the stack is
 * not the engine's, or does not begin with this very name and message (they were changed since).
 */
export function safeFrames(error: unknown): string[] {
  if (!isNativeError(error)) return [];
  const { name, message, stack } = error;
  if (typeof stack !== 'string' || typeof message !== 'string' || safeName(name) === undefined) return [];
  return afterMessage(stack, message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length <= MAX_FRAME_CHARS && FRAME.test(line))
    .slice(0, MAX_FRAMES);
}

function afterMessage(stack: string, message: string): string {
  const header = HEADER.exec(stack)?.[0];
  if (header === undefined || !stack.startsWith(message, header.length)) return '';
  const rest = stack.slice(header.length + message.length);
  return rest.startsWith('\n') ? rest : '';
}
