import type { PolicyTimes } from '../../../../dev/prove/poison/bounds';
import type { CostOptions } from '../../../../dev/prove/poison/check-costs';
import type { PoisonEvidence } from '../../../../dev/prove/poison/evidence';
import { keyOf, planPoison, type PoisonPlan } from '../../../../dev/prove/poison/plan';
import type { LetterFacts } from '../../../../dev/prove/common/letters';
import type { Line, LineContent } from '../../../../dev/prove/common/lines';
import { formatSequenceNumber } from '../../../support/scripted-kinesis/sequence-numbers';

const FIRST_ORDINAL = 11;
const BATCH = 8;

export const POLICY: PolicyTimes = {
  maxAttempts: 3,
  minBackoffMs: 100,
  maxBackoffMs: 1_000,
  backoffFactor: 2,
  maxDeaths: 2,
  handlerTimeoutMs: 1_000,
  heartbeatTimeoutMs: 2_000,
  blockLimitMs: 10_000,
  maxBatchRecords: BATCH,
};

export const WORLD: CostOptions = { isolation: 'inline', policy: POLICY, machine: { runMs: 100, restartMs: 1_000 } };

/** Evidence whose parts a test may change. */
export interface OpenEvidence extends PoisonEvidence {
  lines: Line[];
  letters: LetterFacts[];
  leaks: string[];
}

/** What a run without a fault leaves behind: two shards of 60 records, a poison that throws in each. */
export function simulatePoisonRun(): OpenEvidence {
  const plan = planPoison({ records: 120, shards: 2, poisons: 2, kinds: ['throws'], seed: 3 });
  const run = new SimulatedRun(plan);
  for (let shard = 0; shard < plan.shards; shard += 1) run.consume(shard);
  const { lines, letters, shardIds } = run;
  const digests = new Map([...plan.poisons.keys()].map((number) => [number, digestOf(number)]));
  return { plan, shardIds, firstOrdinal: FIRST_ORDINAL, digests, lines, letters, leaks: [] };
}

export function ordinalOf(number: number): number {
  return FIRST_ORDINAL + number;
}

function digestOf(number: number): string {
  return `digest of ${number}`;
}

class SimulatedRun {
  readonly lines: Line[] = [];
  readonly letters: LetterFacts[] = [];
  readonly shardIds: string[];
  private t = 0;

  constructor(private readonly plan: PoisonPlan) {
    this.shardIds = Array.from({ length: plan.shards }, (_, shard) => `shard-${shard}`);
  }

  consume(shard: number): void {
    const { records, shards } = this.plan;
    this.write({ kind: 'claimed', shard: this.idOf(shard), slice: 'run/1/1', fence: 1, sent: this.t });
    for (let index = 0; index < records / shards; index += BATCH) {
      const numbers = Array.from({ length: BATCH }, (_, at) => (index + at) * shards + shard);
      this.consumeBatch(numbers.filter((number) => number < records));
    }
  }

  private consumeBatch(numbers: readonly number[]): void {
    const poison = numbers.findIndex((number) => this.plan.poisons.has(number));
    for (let attempt = 1; poison >= 0 && attempt < POLICY.maxAttempts; attempt += 1) this.call(numbers);
    this.cut(numbers);
  }

  /** Halves what fails, and commits what does not. */
  private cut(numbers: readonly number[]): void {
    const failed = this.call(numbers);
    const [first] = numbers;
    if (failed === undefined || first === undefined) return;
    if (numbers.length === 1) return this.setAside(first);
    const half = Math.floor(numbers.length / 2);
    this.cut(numbers.slice(0, half));
    this.cut(numbers.slice(half));
  }

  /** One handler call, committed if nothing fails. Gives the index of what fails. */
  private call(numbers: readonly number[]): number | undefined {
    const at = numbers.findIndex((number) => this.plan.poisons.has(number));
    const shard = this.idOf((numbers[0] ?? 0) % this.plan.shards);
    const range = (list: readonly number[]): [number, number][] =>
      list.length === 0 ? [] : [[ordinalOf(list[0] ?? 0), ordinalOf(list.at(-1) ?? 0)]];
    const place = { shard, fence: 1 };
    this.write({ kind: 'begin', ...place, attempt: 1, records: range(numbers) });
    this.write({ kind: 'handled', ...place, records: range(at < 0 ? numbers : numbers.slice(0, at)) });
    if (at >= 0) return at;
    this.commit(numbers);
    return undefined;
  }

  private setAside(number: number): void {
    const shard = number % this.plan.shards;
    const sequenceNumber = formatSequenceNumber({ incarnation: 1, ordinal: ordinalOf(number), shardIndex: shard });
    this.letters.push({
      shardId: this.idOf(shard),
      sequenceNumber,
      ordinal: ordinalOf(number),
      partitionKey: keyOf(number, this.plan.shards),
      condition: 'RetryAttemptsExhausted',
      code: 'HANDLER_FAILED',
      failures: 1,
      digest: digestOf(number),
    });
    this.commit([number]);
  }

  private commit(numbers: readonly number[]): void {
    const shard = this.idOf((numbers[0] ?? 0) % this.plan.shards);
    const to = ordinalOf(numbers.at(-1) ?? 0);
    const write = { kind: 'committed', shard, slice: 'run/1/1', fence: 1, sent: this.t } as const;
    this.write({ ...write, from: 0, to, records: numbers.length });
  }

  private idOf(shard: number): string {
    return this.shardIds[shard] ?? '';
  }

  private write(content: LineContent): void {
    this.t += 1_000;
    this.lines.push({ ...content, t: this.t, worker: 'w1' });
  }
}
