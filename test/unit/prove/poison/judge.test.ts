import { judgePoison } from '../../../../dev/prove/poison/judge';
import type { PoisonInvariant } from '../../../../dev/prove/poison/report';
import type { Line } from '../../../../dev/prove/common/lines';
import { ordinalOf, simulatePoisonRun, WORLD, type OpenEvidence } from './simulated-poison-run';

type Handled = Extract<Line, { kind: 'handled' }>;
type Begin = Extract<Line, { kind: 'begin' }>;

const poisonsOf = ({ plan }: OpenEvidence): number[] => [...plan.poisons.keys()];

/** Number of a record of the last batch of shard 0: no poison is in it. */
const GOOD = 116;

function indexOfLine(run: OpenEvidence, find: (line: Line) => boolean): number {
  const at = run.lines.findIndex(find);
  if (at < 0) throw new Error('the run has no such line');
  return at;
}

const handledWith = (number: number) => (line: Line) => isRange(line, 'handled', number);
const beginWith = (number: number) => (line: Line) => isRange(line, 'begin', number);

function isRange(line: Line, kind: 'handled' | 'begin', number: number): boolean {
  if (line.kind !== kind) return false;
  const ordinal = ordinalOf(number);
  return line.records.some(([first, last]) => first <= ordinal && ordinal <= last && (ordinal - first) % 2 === 0);
}

function replace(run: OpenEvidence, at: number, change: Partial<Handled> | Partial<Begin>): void {
  run.lines[at] = { ...(run.lines[at] as Line), ...change } as Line;
}

/** Each breaks a run in one way, and names what must be found. */
const FLAWS: readonly { name: string; expected: PoisonInvariant; plant: (run: OpenEvidence) => void }[] = [
  {
    name: 'a good record without its effect',
    expected: 'LOST',
    plant: (run) => {
      const at = indexOfLine(run, handledWith(GOOD));
      const [[first = 0, last = 0] = []] = (run.lines[at] as Handled).records;
      replace(run, at, { records: [[first, last - 2]] });
    },
  },
  {
    name: 'a poison that counts as handled',
    expected: 'POISON',
    plant: (run) => {
      const ordinal = ordinalOf(poisonsOf(run)[0] ?? 0);
      const at = indexOfLine(run, beginWith(poisonsOf(run)[0] ?? 0));
      replace(run, at + 1, { records: [[ordinal, ordinal]] });
    },
  },
  {
    name: 'two records of a key the wrong way round',
    expected: 'ORDER',
    plant: (run) => {
      // All first handlings of the shard backwards: keys come again after 16 records at most.
      const at = run.lines.flatMap((line, index) =>
        line.kind === 'handled' && line.shard === 'shard-0' ? [index] : [],
      );
      const records = at.map((index) => (run.lines[index] as Handled).records).reverse();
      at.forEach((index, position) => replace(run, index, { records: records[position] ?? [] }));
    },
  },
  {
    name: 'a batch that runs again after its commit',
    expected: 'REPEATS',
    plant: (run) => {
      const call = run.lines[indexOfLine(run, beginWith(GOOD))] as Line;
      run.lines.push({ ...call, t: (run.lines.at(-1)?.t ?? 0) + 1 });
    },
  },
  {
    name: 'a batch that runs twice although nothing had failed',
    expected: 'REPEATS',
    plant: (run) => {
      const at = indexOfLine(run, beginWith(GOOD));
      const call = run.lines[at] as Line;
      run.lines.splice(at + 1, 0, { ...call, t: call.t + 1 });
    },
  },
  { name: 'a poison without a dead letter', expected: 'LETTERS', plant: (run) => void run.letters.pop() },
  {
    name: 'a dead letter of a good record',
    expected: 'LETTERS',
    plant: (run) => void run.letters.push({ ...firstLetter(run), ordinal: ordinalOf(GOOD) }),
  },
  { name: 'a second dead letter', expected: 'LETTERS', plant: (run) => void run.letters.push(firstLetter(run)) },
  {
    name: 'a dead letter with another payload',
    expected: 'LETTERS',
    plant: (run) => void (run.letters[0] = { ...firstLetter(run), digest: 'another' }),
  },
  {
    name: 'a dead letter for the wrong reason',
    expected: 'LETTERS',
    plant: (run) => void (run.letters[0] = { ...firstLetter(run), condition: 'HandlerDied' }),
  },
  {
    name: 'more attempts than the policy has',
    expected: 'CALLS',
    plant: (run) => {
      const at = indexOfLine(run, beginWith(poisonsOf(run)[0] ?? 0));
      const call = run.lines[at] as Line;
      run.lines.splice(at + 1, 0, ...Array.from({ length: 20 }, (_, n) => ({ ...call, t: call.t + n })));
    },
  },
  {
    name: 'a shard that waits too long',
    expected: 'BLOCKED',
    plant: (run) => {
      const poison = ordinalOf(poisonsOf(run)[0] ?? 0);
      const at = indexOfLine(run, (line) => line.kind === 'committed' && line.shard === 'shard-0' && line.to >= poison);
      for (let later = at; later < run.lines.length; later += 1) {
        const line = run.lines[later] as Line;
        run.lines[later] = { ...line, t: line.t + 60_000_000 };
      }
    },
  },
  {
    name: 'a checkpoint that stops before a poison',
    expected: 'BLOCKED',
    plant: (run) => {
      const poison = ordinalOf(poisonsOf(run)[0] ?? 0);
      run.lines = run.lines.filter((line) => line.kind !== 'committed' || line.shard !== 'shard-0' || line.to < poison);
    },
  },
  { name: 'record data in a log', expected: 'LEAKS', plant: (run) => void run.leaks.push('the log of w1') },
  {
    name: 'a record that was never put',
    expected: 'DATA',
    plant: (run) => {
      const at = indexOfLine(run, handledWith(GOOD));
      replace(run, at, { records: [...(run.lines[at] as Handled).records, [9_001, 9_001]] });
    },
  },
];

function firstLetter({ letters }: OpenEvidence) {
  const [letter] = letters;
  if (letter === undefined) throw new Error('the run has no dead letter');
  return letter;
}

describe('the judge of poison runs', () => {
  it('finds nothing in a run that kept every promise', () => {
    const run = simulatePoisonRun();
    const report = judgePoison(run, WORLD);
    expect(report).toMatchObject({ ok: true, violations: [], records: 120, letters: 2, handled: 118, lost: 0 });
    // Three attempts, then three halvings of eight records.
    expect(report.costs).toHaveLength(2);
    for (const { extraCalls, allowedCalls } of report.costs) {
      expect(extraCalls).toBeGreaterThanOrEqual(5);
      expect(extraCalls).toBeLessThanOrEqual(allowedCalls);
    }
  });

  it.each(FLAWS)('finds $name', ({ expected, plant }) => {
    const run = simulatePoisonRun();
    plant(run);
    const { violationCounts } = judgePoison(run, WORLD);
    expect(violationCounts).toHaveProperty(expected);
  });

  it('lets a batch run again once its owner has lost the shard', () => {
    const run = simulatePoisonRun();
    const at = indexOfLine(run, beginWith(GOOD));
    const call = run.lines[at] as Begin & Line;
    run.lines.splice(at + 1, 0, { ...call, fence: 2, worker: 'w2', t: call.t + 1 });
    expect(judgePoison(run, WORLD).violations).toEqual([]);
  });

  it('lets a frozen owner run a batch that a later one has committed', () => {
    const run = simulatePoisonRun();
    const late = (run.lines.at(-1)?.t ?? 0) + 1;
    const commits = run.lines.filter((line) => line.kind === 'committed' && line.shard === 'shard-0');
    for (const line of commits) Object.assign(line, { fence: 5 });
    const call = run.lines[indexOfLine(run, beginWith(GOOD))] as Begin & Line;
    run.lines.push({ ...call, fence: 4, worker: 'w2', t: late });
    expect(judgePoison(run, WORLD).violations).toEqual([]);
  });

  it('counts the deaths of other records’ making in what a shard may wait', () => {
    const run = simulatePoisonRun();
    const before = judgePoison(run, WORLD).costs[0];
    const at = indexOfLine(run, beginWith(before?.number ?? 0));
    const { t } = run.lines[at] as Line;
    run.lines.splice(at + 1, 0, { kind: 'died', reason: 'exit code 7', worker: 'w1', t: t + 1 });
    const after = judgePoison(run, WORLD).costs.find(({ number }) => number === before?.number);
    expect(after?.allowedMs).toBeGreaterThanOrEqual((before?.allowedMs ?? Infinity) + 2_000 + 1_000);
  });
});
