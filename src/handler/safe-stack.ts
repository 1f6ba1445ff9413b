const MAX_FRAMES = 5;
const MAX_FRAME_CHARS = 300;

/** What a stack begins with: a class, Node's code for its own errors, and a colon if there is a message. */
const HEADER = /^[\w$.]{1,100}(?: \[[\w$]{1,64}\])?/;
const HEADER_OF_MESSAGE = new RegExp(`${HEADER.source}: `);
const FRAME = /^at (?:[\w$.<>[\]# ]{1,150} \([^()]+:\d+:\d+\)|(?:async )?[^() ]+:\d+:\d+)$/;

/** Names and codes are identifiers; anything else in their place could be data. */
export function safeName(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z_$][\w$.-]{0,63}$/.test(value) ? value : undefined;
}

/** Stack frames of an error, without anything of its message: a message may hold lines that look like frames. */
export function safeFrames(error: { readonly message?: unknown; readonly stack?: unknown }): string[] {
  const { message, stack } = error;
  if (typeof stack !== 'string' || typeof message !== 'string') return [];
  return afterMessage(stack, message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length <= MAX_FRAME_CHARS && FRAME.test(line))
    .slice(0, MAX_FRAMES);
}

/** The part of a stack behind the message; nothing where the stack does not begin with this very message (it was changed since). */
function afterMessage(stack: string, message: string): string {
  const header = (message === '' ? HEADER : HEADER_OF_MESSAGE).exec(stack)?.[0] ?? '';
  const rest = stack.slice(header.length + message.length);
  return stack.startsWith(message, header.length) && rest.startsWith('\n') ? rest : '';
}
