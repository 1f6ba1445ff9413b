import type { Line } from '../common/lines';

export interface Death {
  /** As in lines, microseconds. */
  readonly t: number;
  readonly worker: string;
}

/** When workers were there, and when they were not. */
export interface WorkersFacts {
  readonly deaths: readonly Death[];
  /** Times without any worker, between the first one and the last one: nothing that a policy could decide. */
  readonly outages: readonly { readonly from: number; readonly to: number }[];
}

export function collectWorkers(lines: readonly Line[]): WorkersFacts {
  const deaths: Death[] = [];
  const outages: { from: number; to: number }[] = [];
  const running = new Set<string>();
  let emptySince: number | undefined;
  for (const { kind, t, worker } of lines) {
    if (kind === 'ready') {
      if (emptySince !== undefined) outages.push({ from: emptySince, to: t });
      emptySince = undefined;
      running.add(worker);
    }
    if (kind !== 'died') continue;
    deaths.push({ t, worker });
    running.delete(worker);
    if (running.size === 0) emptySince = t;
  }
  return { deaths, outages };
}

/** How much of an interval fell into outages, microseconds. */
export function outageWithin({ outages }: WorkersFacts, from: number, to: number): number {
  const overlap = (outage: { from: number; to: number }): number =>
    Math.max(0, Math.min(to, outage.to) - Math.max(from, outage.from));
  return outages.reduce((sum, outage) => sum + overlap(outage), 0);
}
