import type { FailurePolicy } from './failure-policy';
import { isWholeBetween, oneOf, show, unknownOptions } from './option-checks';
import { defaultFailureOptions, failureRanges } from './failure-options';

const CHOICES = {
  then: ['deadLetter', 'park', 'stop'],
  parkBy: ['shard', 'partitionKey'],
} as const;

const FRACTIONS: readonly string[] = ['backoffFactor', 'jitter'];
const KNOWN = [...Object.keys(failureRanges), ...Object.keys(CHOICES)];

/** The failure policy with its defaults. What is wrong with it is added to `problems`. */
export function resolveFailurePolicy(given: unknown, problems: string[]): FailurePolicy {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    problems.push(`Expected \`onFailure\` to be an object, got ${show(given)}`);
    return defaultFailureOptions;
  }
  const options = withoutUndefined((given ?? {}) as Record<string, unknown>);
  problems.push(...unknownOptions(options, KNOWN, 'onFailure.'));
  for (const [name, range] of Object.entries(failureRanges))
    problems.push(...numberProblems(name, options[name], range));
  for (const [name, values] of Object.entries(CHOICES)) {
    if (options[name] === undefined || oneOf(options[name], values as readonly unknown[]) !== undefined) continue;
    const expected = values.map((value) => `'${value}'`).join(', ');
    problems.push(`Expected \`onFailure.${name}\` to be one of ${expected}, got ${show(options[name])}`);
  }
  const policy: FailurePolicy = { ...defaultFailureOptions, ...options };
  if (policy.minBackoffMs > policy.maxBackoffMs && problems.length === 0)
    problems.push(
      `Expected \`onFailure.maxBackoffMs\` to be at least \`minBackoffMs\` (${policy.minBackoffMs}), got ${policy.maxBackoffMs}`,
    );
  return policy;
}

function numberProblems(name: string, value: unknown, [min, max]: readonly [number, number]): string[] {
  if (value === undefined) return [];
  const isFraction = FRACTIONS.includes(name);
  const isRight = isFraction
    ? typeof value === 'number' && value >= min && value <= max
    : isWholeBetween(value, min, max);
  if (isRight) return [];
  const kind = isFraction ? 'a number' : 'a whole number';
  return [`Expected \`onFailure.${name}\` to be ${kind} from ${min} to ${max}, got ${show(value)}`];
}

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
