import { runCli } from '../../../src/cli/program';

export interface InProcess {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command line run in this process, with what it wrote. */
export async function runInProcess(args: readonly string[]): Promise<InProcess> {
  const texts = { out: '', err: '' };
  const spies = (['out', 'err'] as const).map((name) =>
    jest.spyOn(name === 'out' ? process.stdout : process.stderr, 'write').mockImplementation((chunk) => {
      texts[name] += String(chunk);
      return true;
    }),
  );
  const code = await runCli(args);
  for (const spy of spies) spy.mockRestore();
  return { code, ...texts };
}
