import { codeOf } from '../core/errors';

/** An error as the command line shows it: what happened and what to do; where in the code only with `--debug`. */
export function failureText(error: unknown, isDebug: boolean): string {
  const text = headline(error);
  return isDebug ? `${text}\n\n${stacks(error).join('\ncaused by ')}` : text;
}

function headline(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code) return `Error ${code}: ${message}`;
  const [firstLine = ''] = message.split('\n');
  return `Unexpected error: ${firstLine}; run with --debug to see where`;
}

const MAX_CAUSES = 10;

function stacks(error: unknown): string[] {
  const found: string[] = [];
  for (let current = error; current instanceof Error && found.length < MAX_CAUSES; current = current.cause) {
    found.push(current.stack ?? current.message);
  }
  return found;
}
