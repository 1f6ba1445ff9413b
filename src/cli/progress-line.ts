import { Presets, SingleBar } from 'cli-progress';

export interface ProgressLine {
  update(value: number, note: string): void;
  stop(): void;
}

/** Shares of the whole that are worth a line. */
const STEPS = 10;

/** A bar on a terminal; elsewhere a line for each tenth. Nothing is printed before the first update. */
export function showProgress(
  what: string,
  total: number,
  out: NodeJS.WriteStream = process.stderr,
  shown: Shown = (value) => `${value} of ${total}`,
): ProgressLine {
  return out.isTTY ? progressBar(what, total, out, shown) : progressLines(what, total, out, shown);
}

type Shown = (value: number) => string;

function progressBar(what: string, total: number, stream: NodeJS.WriteStream, shown: Shown): ProgressLine {
  const format = `${what} {bar} {shown}{note}`;
  // Without a handler of its own for Ctrl-C, and so with the cursor: nothing would show it again.
  const options = { format, stream, barsize: 30, hideCursor: false, gracefulExit: false };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0, { note: '', shown: shown(0) });
  return {
    update: (value, note) => bar.update(value, { note: note === '' ? '' : `, ${note}`, shown: shown(value) }),
    stop: () => bar.stop(),
  };
}

function progressLines(what: string, total: number, stream: NodeJS.WriteStream, shown: Shown): ProgressLine {
  let told = -1;
  return {
    update: (value, note) => {
      const step = total === 0 ? STEPS : Math.floor((STEPS * value) / total);
      if (step <= told) return;
      told = step;
      stream.write(`${what} ${shown(value)}${note === '' ? '' : `, ${note}`}\n`);
    },
    stop: () => undefined,
  };
}
