import { matching, oneOf, show, unknownOptions } from './option-checks';

/** Reading by enhanced fan-out: Kinesis pushes each shard's records to a stream consumer that is registered for it, at a price. */
export interface FanOutOptions {
  /**
   * Name of the stream consumer that Kinesis knows. Two readers that share one take each other's subscriptions away.
   *
   * @default the consumer's `name`
   */
  readonly consumerName?: string;
  /**
   * Who keeps the stream consumer: `managed`, a worker registers it when it first reads and finds none; `existing`, it is only looked up.
   * Tidemark never deregisters it: see docs/fan-out.md.
   *
   * @default managed, or existing with a `consumerArn`
   */
  readonly lifecycle?: 'managed' | 'existing';
  /**
   * ARN of the stream consumer, for `existing`.
   *
   * @default found by its name
   */
  readonly consumerArn?: string;
  /**
   * What a shard does while there is no stream consumer (it was deregistered, or cannot be registered because the stream has its full number):
   * read on by polling, and look again with the first activity after 5 minutes; or wait.
   *
   * @default poll
   */
  readonly whenGone?: 'poll' | 'wait';
}

/** Every option of enhanced fan-out with its value. */
export interface ResolvedFanOut {
  readonly consumerName: string;
  readonly lifecycle: 'managed' | 'existing';
  readonly consumerArn?: string;
  readonly whenGone: 'poll' | 'wait';
}

const CHOICES = { lifecycle: ['managed', 'existing'], whenGone: ['poll', 'wait'] } as const;
const KNOWN = ['consumerName', 'consumerArn', ...Object.keys(CHOICES)];
/** AWS: RegisterStreamConsumer. */
const CONSUMER_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const CONSUMER_ARN = /^arn:aws[\w-]*:kinesis:[\w-]*:\d{12}:[\w-]+\/[\w.-]+\/consumer\/[\w.-]+:\d+$/;

/** The options of enhanced fan-out with their defaults; undefined when it is off. What is wrong is added to `problems`. */
export function resolveFanOut(given: unknown, name: string, problems: string[]): ResolvedFanOut | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.push(`Expected \`fanOut\` to be an object, got ${show(given)}`);
    return undefined;
  }
  const options = given as Record<string, unknown>;
  problems.push(...unknownOptions(options, KNOWN, 'fanOut.'));
  const { consumerName = name, consumerArn } = options;
  const lifecycle = choose(options, 'lifecycle', problems) ?? (consumerArn === undefined ? 'managed' : 'existing');
  problems.push(...namingProblems(consumerName, consumerArn, lifecycle));
  return {
    consumerName: String(consumerName),
    lifecycle,
    ...(typeof consumerArn === 'string' ? { consumerArn } : {}),
    whenGone: choose(options, 'whenGone', problems) ?? 'poll',
  };
}

function namingProblems(name: unknown, arn: unknown, lifecycle: ResolvedFanOut['lifecycle']): string[] {
  const problems: string[] = [];
  if (matching(name, CONSUMER_NAME) === undefined)
    problems.push(`Expected \`fanOut.consumerName\` to be 1 to 128 letters, digits or _.-, got ${show(name)}`);
  if (arn === undefined) return problems;
  if (matching(arn, CONSUMER_ARN) === undefined)
    problems.push(`Expected \`fanOut.consumerArn\` to be the ARN of a stream consumer, got ${show(arn)}`);
  if (lifecycle === 'managed')
    problems.push("Expected `fanOut.lifecycle` to be 'existing' with a `fanOut.consumerArn`, got 'managed'");
  return problems;
}

function choose<K extends keyof typeof CHOICES>(
  options: Record<string, unknown>,
  option: K,
  problems: string[],
): (typeof CHOICES)[K][number] | undefined {
  const value = options[option];
  if (value === undefined) return undefined;
  const chosen = oneOf<(typeof CHOICES)[K][number]>(value, CHOICES[option]);
  const expected = CHOICES[option].map((choice) => `'${choice}'`).join(' or ');
  if (chosen === undefined) problems.push(`Expected \`fanOut.${option}\` to be ${expected}, got ${show(value)}`);
  return chosen;
}
