import { show, unknownOptions } from './option-checks';

/** What one consumer may read of each shard. */
export interface ReadBudget {
  /** GetRecords calls a second, above 0. AWS allows 5 per shard, shared by all polling consumers (AWS quotas). */
  readonly callsPerSecond: number;
  /** Bytes of records a second. AWS allows 2 MB per shard, shared by all polling consumers; a page of 10 MB is paid off over 5 s. */
  readonly bytesPerSecond: number;
}

/** What AWS gives, less one call a second, which is left to others. */
export const DEFAULT_READ_BUDGET: ReadBudget = { callsPerSecond: 4, bytesPerSecond: 2_000_000 };

const RANGES = { callsPerSecond: [0.01, 1_000], bytesPerSecond: [1_000, 1_000_000_000] } as const;

/** Undefined: as the endpoint has it. Problems are added to `problems`. */
export function resolveReadBudget(given: unknown, problems: string[]): ReadBudget | 'off' | undefined {
  if (given === undefined || given === 'off') return given;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.push(`Expected \`readBudget\` to be 'off' or { callsPerSecond, bytesPerSecond }, got ${show(given)}`);
    return undefined;
  }
  problems.push(...unknownOptions(given, Object.keys(RANGES), 'readBudget.'));
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const budget = { ...DEFAULT_READ_BUDGET, ...(Object.fromEntries(set) as Partial<ReadBudget>) };
  for (const [option, [min, max]] of Object.entries(RANGES)) {
    const value: unknown = budget[option as keyof ReadBudget];
    if (typeof value !== 'number' || !(value >= min && value <= max))
      problems.push(`Expected \`readBudget.${option}\` to be a number from ${min} to ${max}, got ${show(value)}`);
  }
  return budget;
}

/** The budget that holds at an endpoint: only AWS has limits unless one is given. `endpoint` undefined is AWS. */
export function budgetAt(budget: ReadBudget | 'off' | undefined, endpoint: string | undefined): ReadBudget | undefined {
  if (budget === 'off') return undefined;
  return budget ?? (isAws(endpoint) ? DEFAULT_READ_BUDGET : undefined);
}

/** AWS's own addresses and those of its VPC endpoints. */
function isAws(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return true;
  if (!URL.canParse(endpoint)) return false;
  return /(^|\.)(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$/.test(new URL(endpoint).hostname);
}
