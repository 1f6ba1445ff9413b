import { TrialLane } from '../../../src/activities/trial-lane';

const never = new AbortController().signal;

/** A trial that ends when it is told to. */
function trial(name: string, log: string[]) {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const run = async (): Promise<string> => {
    log.push(name);
    await ended;
    return name;
  };
  return { run, end: () => end() };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('trials of one process', () => {
  it('run one at a time, in the order they came', async () => {
    const lane = new TrialLane(0);
    const log: string[] = [];
    const [first, second] = [trial('first', log), trial('second', log)];
    const results = [first, second].map(({ run }) => lane.run(run, { deaths: 0, stop: never }));
    await settled();
    expect(log).toEqual(['first']);
    first.end();
    second.end();
    expect(await Promise.all(results)).toEqual(['first', 'second']);
  });

  it('begin with the least suspicious', async () => {
    const lane = new TrialLane(0);
    const log: string[] = [];
    const trials = [trial('busy', log), trial('killer', log), trial('innocent', log)];
    const deaths = [0, 3, 0];
    const results = trials.map(({ run }, index) => lane.run(run, { deaths: deaths[index] ?? 0, stop: never }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { end } of trials) end();
    await Promise.all(results);
    expect(log).toEqual(['busy', 'innocent', 'killer']);
  });

  it('leave the line when their slice is to end', async () => {
    const lane = new TrialLane(0);
    const log: string[] = [];
    const [first, second, third] = [trial('first', log), trial('second', log), trial('third', log)];
    const stop = new AbortController();
    const running = lane.run(first.run, { deaths: 0, stop: never });
    const left = lane.run(second.run, { deaths: 0, stop: stop.signal });
    const next = lane.run(third.run, { deaths: 0, stop: never });
    stop.abort();
    expect(await left).toBe('left');
    for (const one of [first, third]) one.end();
    expect(await Promise.all([running, next])).toEqual(['first', 'third']);
    expect(log).toEqual(['first', 'third']);
  });

  it('make way also after one that failed', async () => {
    const lane = new TrialLane(0);
    await expect(lane.run(() => Promise.reject(new Error('no')), { deaths: 0, stop: never })).rejects.toThrow('no');
    expect(await lane.run(async () => 'next', { deaths: 0, stop: never })).toBe('next');
  });
});
