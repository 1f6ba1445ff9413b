import { createInterface } from 'node:readline/promises';
import { TidemarkError } from '../core/errors';

export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/**
 * Asks before something that cannot be taken back; only `y` and `yes` mean yes. Where nobody can answer, `--yes` must have been given.
 * @throws `INVALID_OPTION` if it was not
 */
export async function confirm(
  question: string,
  { yes = false }: { readonly yes?: boolean },
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  if (yes) return true;
  if (!input.isTTY || !output.isTTY)
    throw new TidemarkError('INVALID_OPTION', 'Nobody can be asked here', { hint: 'Say --yes to go ahead.' });
  const dialogue = createInterface({ input, output });
  // Ctrl-C and Ctrl-D close it without an answer.
  const closed = new Promise<string>((resolve) => dialogue.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([dialogue.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialogue.close();
  }
}
