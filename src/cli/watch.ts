import { setTimeout as sleep } from 'node:timers/promises';
import { failureText } from './failure-text';
import { print, say } from './output';
import { listenForStop } from './stop-signals';

const REDRAW_INTERVAL_MS = 2_000;
const CLEAR_SCREEN = '\u001B[H\u001B[2J\u001B[3J';

export interface WatchOptions {
  /** Each picture is one line, appended. */
  readonly isLines: boolean;
}

/** Shows a picture again and again until a signal. The first one must succeed; afterwards a failure is shown in its place. */
export async function watch(draw: () => Promise<string>, { isLines }: WatchOptions): Promise<void> {
  const stop = new AbortController();
  const endListening = listenForStop({
    first: () => stop.abort(),
    second: (_signal, exitCode) => process.exit(exitCode),
  });
  try {
    for (let isFirst = true; !stop.signal.aborted; isFirst = false) {
      await show(draw, isFirst, isLines);
      await sleep(REDRAW_INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    endListening();
  }
}

async function show(draw: () => Promise<string>, isFirst: boolean, isLines: boolean): Promise<void> {
  try {
    const picture = await draw();
    const isScreen = process.stdout.isTTY && !isLines;
    print(isScreen ? `${CLEAR_SCREEN}${picture}` : picture);
  } catch (error) {
    if (isFirst) throw error;
    say(`${failureText(error, false)} Trying again.`);
  }
}
