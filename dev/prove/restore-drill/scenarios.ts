import type { Random } from '../random';

/**
 * - `rows`: checkpoints of some shards are deleted.
 * - `table`: the whole table is deleted.
 * - `workflows`: the workflows are terminated.
 * - `place`: somebody has moved every checkpoint ahead by mistake.
 */
export type Loss = 'rows' | 'table' | 'workflows' | 'place';

/**
 * - `running`: nobody does anything (but creates the table): running workflows write their rows again.
 * - `repair`: the memory of the workflows, running, ended or terminated.
 * - `rows`: `start` alone, which goes on from the rows.
 * - `export`: a file.
 * - `restorePoint`, `history`: in the table.
 */
export const SOURCES = ['running', 'repair', 'rows', 'export', 'restorePoint', 'history'] as const;
export type Source = (typeof SOURCES)[number];

export interface Scenario {
  readonly losses: readonly Loss[];
  readonly source: Source;
  /** Whether the consumer is stopped in order first. */
  readonly isStopped: boolean;
}

/** Each loss with each source that can help. */
export const SCENARIOS: readonly Scenario[] = [
  { losses: ['rows'], source: 'running', isStopped: false },
  { losses: ['table'], source: 'running', isStopped: false },
  { losses: ['rows'], source: 'repair', isStopped: true },
  { losses: ['table'], source: 'repair', isStopped: true },
  { losses: ['rows', 'workflows'], source: 'repair', isStopped: false },
  { losses: ['rows'], source: 'export', isStopped: true },
  { losses: ['table', 'workflows'], source: 'export', isStopped: false },
  { losses: ['workflows'], source: 'rows', isStopped: false },
  { losses: ['place'], source: 'restorePoint', isStopped: false },
  { losses: ['place'], source: 'history', isStopped: false },
];

export interface Round extends Scenario {
  /** In [0, 1): chooses shards. */
  readonly choice: number;
  /** In [0, 1): chooses the worker that is killed meanwhile, after so long. */
  readonly kill?: { readonly victim: number; readonly delayMs: number; readonly pauseMs: number };
}

const MAX_DELAY_MS = 1_000;

/** All scenarios in random order, again and again; the kills fall into random rounds. */
export function planRounds(random: Random, rounds: number, kills: number): Round[] {
  const scenarios: Scenario[] = [];
  while (scenarios.length < rounds) scenarios.push(...random.shuffle(SCENARIOS));
  const killed = new Set(random.shuffle([...Array(rounds).keys()]).slice(0, kills));
  return scenarios.slice(0, rounds).map((scenario, index) => {
    const kill = { victim: random.next(), delayMs: random.int(0, MAX_DELAY_MS), pauseMs: random.int(100, 1_000) };
    return { ...scenario, choice: random.next(), ...(killed.has(index) ? { kill } : {}) };
  });
}

export function describeRound({ losses, source, isStopped, kill }: Round): string {
  const [when, killed] = [isStopped ? ' while stopped' : '', kill ? ', with kill -9' : ''];
  return `lose ${losses.join(' and ')}${when}, restore from ${source}${killed}`;
}
