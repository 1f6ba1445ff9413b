/**
 * One trial at a time in this process. A handler that kills the process takes every shard of it along: were two under suspicion tried at
 * once, the innocent one would be counted as having died too.
 */
export class TrialLane {
  private last: Promise<void> = Promise.resolve();

  /** Runs `trial` once every earlier one has ended. Leaves the line if `stop` aborts before its turn. */
  async run<T>(trial: () => Promise<T>, stop: AbortSignal): Promise<T | 'left'> {
    const turn = this.last;
    let leave: () => void = () => undefined;
    this.last = new Promise((resolve) => (leave = resolve));
    try {
      return (await comes(turn, stop)) ? await trial() : 'left';
    } finally {
      // Whoever comes next waits for those before this one, also if this one has left early.
      void turn.then(leave);
    }
  }
}

/** False if `stop` aborts first. */
function comes(turn: Promise<void>, stop: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const onAbort = (): void => resolve(false);
    if (stop.aborted) return onAbort();
    stop.addEventListener('abort', onAbort, { once: true });
    void turn.then(() => {
      stop.removeEventListener('abort', onAbort);
      resolve(true);
    });
  });
}
