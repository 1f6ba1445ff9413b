/** Something that a run had to satisfy and did not. */
export interface Violation<Id extends string> {
  readonly invariant: Id;
  readonly shardId?: string;
  readonly key?: string;
  /** Ids of the records concerned, or tokens of the writes concerned. */
  readonly ids: readonly string[];
  /** One sentence for people. */
  readonly message: string;
}

export interface ViolationList<Id extends string = string> {
  /** True if there is none. */
  readonly ok: boolean;
  /** A limited number for each invariant; `violationCounts` has all. */
  readonly violations: readonly Violation<Id>[];
  readonly violationCounts: Readonly<Partial<Record<Id, number>>>;
}

/** Collects violations: each fact once, all counted, a limited number listed. */
export class Violations<Id extends string> {
  private readonly seen = new Set<string>();
  private readonly counts = new Map<Id, number>();
  private readonly listed: Violation<Id>[] = [];

  constructor(private readonly maxListed = 20) {}

  add(violation: Violation<Id>): void {
    const { invariant, shardId, ids } = violation;
    const fact = JSON.stringify([invariant, shardId, ids]);
    if (this.seen.has(fact)) return;
    this.seen.add(fact);
    const count = this.count(invariant) + 1;
    this.counts.set(invariant, count);
    if (count <= this.maxListed) this.listed.push(violation);
  }

  count(invariant: Id): number {
    return this.counts.get(invariant) ?? 0;
  }

  list(): ViolationList<Id> {
    const violations = [...this.listed].sort((a, b) => a.invariant.localeCompare(b.invariant));
    const violationCounts = Object.fromEntries(this.counts) as Partial<Record<Id, number>>;
    return { ok: this.counts.size === 0, violations, violationCounts };
  }
}

export function describeViolations({ violations, violationCounts }: Omit<ViolationList, 'ok'>): string {
  const counts = Object.entries(violationCounts).map(([invariant, count]) => `${count} of ${invariant}`);
  const lines = violations.map(({ invariant, message }) => `  ${invariant}  ${message}`);
  return [`VIOLATIONS: ${counts.join(', ')}`, ...lines].join('\n');
}
