import type { ConsumerDefinition, ConsumerReport, TidemarkClient } from '../../../src';
import { comparePositions, type Position } from '../../../src/core/positions';
import { shardTable } from './shard-table';
import { waitUntil } from './wait';

/** Longest time without any progress while records wait. */
const STALL_LIMIT_MS = 90_000;

/** Sequence number of the newest record of each shard. */
export type Newest = ReadonlyMap<string, { readonly sequenceNumber: string }>;

export interface ProgressWorld {
  readonly client: TidemarkClient;
  readonly definition: ConsumerDefinition;
  readonly newest: Newest;
  /** A number that changes with every progress; without it, the records that are committed. */
  readonly pulse?: () => Promise<number>;
  /** Default 90 s. */
  readonly stallLimitMs?: number;
  readonly signal: AbortSignal;
}

/** Waits until the checkpoints cover the newest record of each shard as it is now. */
export async function untilCovered(world: ProgressWorld): Promise<void> {
  const { client, definition, newest, pulse } = world;
  const goals = new Map(newest);
  let committed = 0;
  const isCovered = async (): Promise<boolean> => {
    const { shards } = await client.status(definition);
    committed = shards.reduce((sum, { records }) => sum + records, 0);
    const positions = new Map(shards.map(({ shardId, position }) => [shardId, position]));
    return [...goals].every(([shardId, { sequenceNumber }]) => covers(positions.get(shardId), sequenceNumber));
  };
  const what = (): string => 'the checkpoints to cover every record';
  await untilUnlessStalled({ ...world, pulse: pulse ?? (async () => committed) }, isCovered, what);
}

function covers(position: Position | undefined, sequenceNumber: string): boolean {
  return position !== undefined && comparePositions(position, { at: 'AFTER', sequenceNumber }) >= 0;
}

/** Like `waitUntil`, but the time limit begins anew with every progress. */
export async function untilUnlessStalled(
  {
    pulse,
    signal,
    stallLimitMs = STALL_LIMIT_MS,
  }: Pick<ProgressWorld, 'signal' | 'stallLimitMs'> & { readonly pulse: () => Promise<number> },
  condition: () => Promise<boolean>,
  what: () => string,
): Promise<void> {
  let last: number | undefined;
  let since = performance.now();
  let isMet = false;
  const metOrStalled = async (): Promise<boolean> => {
    const now = await pulse();
    if (now !== last) since = performance.now();
    last = now;
    isMet = await condition();
    return isMet || performance.now() - since > stallLimitMs;
  };
  await waitUntil(metOrStalled, { timeoutMs: Infinity, what, signal });
  if (isMet) return;
  throw new Error(`no progress for ${stallLimitMs / 1_000} s while waiting for ${what()}`);
}

/** For people: state, position and goal of each shard. */
export async function whereShardsStand({
  client,
  definition,
  newest,
}: Pick<ProgressWorld, 'client' | 'definition' | 'newest'>): Promise<string> {
  try {
    const report: ConsumerReport = await client.status(definition);
    return `${shardTable(report.shards, newest)}\nstream workflow: ${report.state}`;
  } catch (error) {
    return `(no status: ${error instanceof Error ? error.message : String(error)})`;
  }
}
