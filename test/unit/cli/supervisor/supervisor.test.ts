import type { ToProcess } from '../../../../src/cli/supervisor/messages';
import { Supervisor } from '../../../../src/cli/supervisor/supervisor';
import type { Ending, ProcessListener, WorkerProcess } from '../../../../src/cli/supervisor/worker-process';

/** A process that does what the test says. */
class FakeProcess implements WorkerProcess {
  readonly heard: ToProcess['tidemark'][] = [];
  isKilled = false;

  constructor(
    readonly pid: number,
    readonly number: number,
    readonly isFirst: boolean,
    private readonly listener: ProcessListener,
  ) {}

  send({ tidemark }: ToProcess): void {
    this.heard.push(tidemark);
  }

  kill(): void {
    this.isKilled = true;
    this.end({ code: null, signal: 'SIGKILL' });
  }

  ready(): void {
    this.listener.ready({});
  }

  end(ending: Ending): void {
    this.listener.ended(ending);
  }
}

const CRASH: Ending = { code: null, signal: 'SIGKILL' };

let started: FakeProcess[];
let said: string;
let isFull: boolean;

beforeEach(() => {
  jest.useFakeTimers();
  started = [];
  said = '';
  isFull = false;
  jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    said += String(chunk);
    return true;
  });
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

interface Supervised {
  readonly supervisor: Supervisor;
  readonly exitCode: () => Promise<number | undefined>;
}

function supervise(processes: number): Supervised {
  const supervisor = new Supervisor({
    processes,
    start: (number, isFirst, listener) => {
      if (isFull) throw new Error('spawn ENOMEM');
      const fake = new FakeProcess(100 + started.length, number, isFirst, listener);
      started.push(fake);
      return fake;
    },
    now: () => Date.now(),
    random: () => 1,
  });
  let code: number | undefined;
  void supervisor.run().then((exitCode) => (code = exitCode));
  return {
    supervisor,
    exitCode: async () => {
      await Promise.resolve();
      return code;
    },
  };
}

/** The last process that was started under a number. */
function numbered(number: number): FakeProcess {
  const found = started.findLast((one) => one.number === number);
  if (!found) throw new Error(`process ${number} was not started`);
  return found;
}

function allReady(processes: number): Supervised {
  const supervised = supervise(processes);
  numbered(1).ready();
  for (let number = 2; number <= processes; number += 1) numbered(number).ready();
  return supervised;
}

describe('the start', () => {
  it('begins with one process; the others follow when it is ready', () => {
    supervise(3);
    expect(started.map(({ number, isFirst }) => [number, isFirst])).toEqual([[1, true]]);
    numbered(1).ready();
    expect(started.map(({ number, isFirst }) => [number, isFirst])).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
  });

  it.each<[string, Ending, string]>([
    ['says why', { code: 1, signal: null, failure: 'Error X: y' }, 'Error X: y\n'],
    ['says nothing', { code: 3, signal: null }, 'Process 1 (pid 100) ended with exit code 3 before it was ready.\n'],
    [
      'says that all is well',
      { code: 0, signal: null },
      'Process 1 (pid 100) ended with exit code 0 before it was ready.\n',
    ],
    ['cannot be made', { code: null, signal: null, failure: 'It cannot start: EAGAIN' }, 'It cannot start: EAGAIN\n'],
  ])('that fails ends the supervisor: the process %s', async (_, ending, text) => {
    const { exitCode } = supervise(2);
    numbered(1).end(ending);
    expect(await exitCode()).toBe(ending.code || 1);
    expect(said).toBe(text);
    jest.advanceTimersByTime(60_000);
    expect(started).toHaveLength(1);
  });

  it('is tried again if a signal ended it, still as the first one', () => {
    supervise(2);
    numbered(1).end(CRASH);
    jest.advanceTimersByTime(1_000);
    expect(started.map(({ number, isFirst }) => [number, isFirst])).toEqual([
      [1, true],
      [1, true],
    ]);
  });
});

describe('a process that ends', () => {
  it('starts again after a pause that grows, and is told once each time', () => {
    const { supervisor } = allReady(2);
    jest.advanceTimersByTime(12_000);
    numbered(2).end({ code: 1, signal: null });
    expect(said).toBe('Process 2 (pid 101) ended with exit code 1 after 12 s of work. It starts again in 1.0 s.\n');
    jest.advanceTimersByTime(999);
    expect(started).toHaveLength(2);
    jest.advanceTimersByTime(1);
    expect(numbered(2)).toMatchObject({ pid: 102, isFirst: false });
    said = '';
    numbered(2).end({ code: 1, signal: null, failure: 'Error Z: not now' });
    expect(said).toBe(
      '[2] Error Z: not now\nProcess 2 (pid 102) ended with exit code 1 before it was ready. It starts again in 2.0 s.\n',
    );
    jest.advanceTimersByTime(2_000);
    numbered(2).ready();
    jest.advanceTimersByTime(60_000);
    said = '';
    numbered(2).end(CRASH);
    expect(said).toBe('Process 2 (pid 103) was killed by SIGKILL after 60 s of work. It starts again in 1.0 s.\n');
    expect(supervisor.slots.map(({ state, restarts }) => [state, restarts])).toEqual([
      ['working', 0],
      ['waiting', 2],
    ]);
  });

  it('starts again also if it ended in good order: nobody has told it to', () => {
    allReady(2);
    numbered(1).end({ code: 0, signal: null });
    jest.advanceTimersByTime(1_000);
    expect(numbered(1).pid).toBe(102);
  });
});

describe('a process that cannot be made', () => {
  it('is tried again', () => {
    allReady(2);
    numbered(2).end(CRASH);
    isFull = true;
    said = '';
    jest.advanceTimersByTime(1_000);
    expect(said).toBe(
      '[2] It cannot start: spawn ENOMEM\nProcess 2 ended before it was ready. It starts again in 2.0 s.\n',
    );
    isFull = false;
    jest.advanceTimersByTime(2_000);
    expect(numbered(2).pid).toBe(102);
  });
});

describe('a stop', () => {
  it('is over when all have ended; who waits for a restart does not start', async () => {
    const { supervisor, exitCode } = allReady(3);
    numbered(3).end(CRASH);
    supervisor.stop('SIGTERM');
    numbered(1).end({ code: 0, signal: null });
    expect(await exitCode()).toBeUndefined();
    numbered(2).end({ code: 0, signal: null });
    expect(await exitCode()).toBe(0);
    expect([1, 2].map((number) => numbered(number).heard)).toEqual([['stop'], ['stop']]);
    jest.advanceTimersByTime(60_000);
    expect(started).toHaveLength(3);
  });

  it('while the first process starts does not start the others', async () => {
    const { supervisor, exitCode } = supervise(2);
    supervisor.stop('SIGINT');
    numbered(1).ready();
    expect(started).toHaveLength(1);
    numbered(1).end({ code: 0, signal: null });
    expect(await exitCode()).toBe(0);
  });

  it('fails if a process dies in it', async () => {
    const { supervisor, exitCode } = allReady(2);
    supervisor.stop('SIGTERM');
    numbered(1).end(CRASH);
    numbered(2).end({ code: 0, signal: null });
    expect(await exitCode()).toBe(1);
    expect(said).toContain('was killed by SIGKILL after 0 s of work. What it had not committed is handled again.\n');
  });

  it('by a second signal kills whoever does not leave', async () => {
    const { supervisor, exitCode } = allReady(2);
    supervisor.stop('SIGINT');
    supervisor.leave('SIGINT', 130);
    numbered(1).end({ code: 130, signal: null });
    expect(await exitCode()).toBeUndefined();
    jest.advanceTimersByTime(1_000);
    expect([numbered(2).heard, numbered(2).isKilled]).toEqual([['stop', 'leave'], true]);
    expect(await exitCode()).toBe(130);
    expect(said).toBe('');
  });
});
