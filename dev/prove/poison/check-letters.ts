import type { DeadLetterCondition } from '../../../src';
import type { LetterFacts } from '../common/letters';
import type { Isolation } from './bounds';
import { numberOfOrdinal, type PoisonEvidence } from './evidence';
import type { PoisonKind } from './kinds';
import { keyOf, type Poison } from './plan';
import type { Violations } from './report';

/** LETTERS: one for each poison, with what it should say, and no other. */
export function checkLetters(evidence: PoisonEvidence, isolation: Isolation, violations: Violations): void {
  const byNumber = new Map<number, LetterFacts[]>();
  for (const letter of evidence.letters) {
    const number = numberOfOrdinal(evidence, letter.ordinal);
    byNumber.set(number, [...(byNumber.get(number) ?? []), letter]);
    if (!evidence.plan.poisons.has(number)) addInnocent(number, letter, violations);
  }
  for (const poison of evidence.plan.poisons.values()) {
    const letters = byNumber.get(poison.number) ?? [];
    const problems =
      letters.length === 1
        ? letters.flatMap((letter) => problemsOf(letter, poison, evidence, isolation))
        : [`has ${letters.length} dead letters`];
    for (const problem of problems) addProblem(poison, problem, evidence, violations);
  }
}

function problemsOf(letter: LetterFacts, poison: Poison, evidence: PoisonEvidence, isolation: Isolation): string[] {
  const { number, shard, kind } = poison;
  const problems: string[] = [];
  if (letter.shardId !== evidence.shardIds[shard]) problems.push(`has its dead letter with ${letter.shardId}`);
  if (letter.partitionKey !== keyOf(number, evidence.plan.shards))
    problems.push('has a dead letter of another partition key');
  if (letter.digest !== evidence.digests.get(number)) problems.push('has a dead letter with another payload');
  const expected = CONDITIONS[isolation][kind];
  if (!expected.includes(letter.condition))
    problems.push(`was set aside as ${letter.condition} (${letter.code}), expected ${expected.join(' or ')}`);
  return problems;
}

const REJECTED: readonly DeadLetterCondition[] = ['RecordRejected'];
const EXHAUSTED: readonly DeadLetterCondition[] = ['RetryAttemptsExhausted'];
const DIED: readonly DeadLetterCondition[] = ['HandlerDied'];

const INLINE: Readonly<Record<PoisonKind, readonly DeadLetterCondition[]>> = {
  throws: EXHAUSTED,
  rejects: REJECTED,
  badSchema: REJECTED,
  blocks: DIED,
  neverSettles: EXHAUSTED,
  exits: DIED,
  aborts: DIED,
  outOfMemory: DIED,
  huge: EXHAUSTED,
  // What is no JSON at all does not validate.
  hostileJson: [...EXHAUSTED, ...REJECTED],
};

const CONDITIONS: Readonly<Record<Isolation, typeof INLINE>> = {
  inline: INLINE,
  // A thread that is ended at its deadline has timed out or died, and it cannot abort the process.
  thread: {
    ...INLINE,
    blocks: [...EXHAUSTED, ...DIED],
    neverSettles: [...EXHAUSTED, ...DIED],
    aborts: [...EXHAUSTED, ...DIED],
    outOfMemory: [...DIED, ...EXHAUSTED],
  },
};

function addInnocent(number: number, { shardId, condition, code }: LetterFacts, violations: Violations): void {
  const message = `record ${number} of ${shardId} is no poison, but has a dead letter (${condition}, ${code})`;
  violations.add({ invariant: 'LETTERS', shardId, ids: [String(number)], message });
}

function addProblem(
  { number, kind, shard }: Poison,
  problem: string,
  { shardIds }: PoisonEvidence,
  violations: Violations,
): void {
  const shardId = shardIds[shard];
  const message = `poison ${number} (${kind}) of ${shardId} ${problem}`;
  violations.add({ invariant: 'LETTERS', shardId, ids: [String(number), problem], message });
}
