import type { ConsumerDefinition, ConsumerReport, TidemarkClient } from '../../../src';
import { comparePositions, type Position } from '../../../src/core/positions';
import type { JournalTail } from './journal-tail';
import type { Producer } from './producer';
import { shardTable } from './tables';
import { waitUntil } from './wait';

/** Longest time without any handling while records wait. */
const STALL_LIMIT_MS = 90_000;

export interface ProgressWorld {
  readonly client: TidemarkClient;
  readonly definition: ConsumerDefinition;
  readonly producer: Producer;
  readonly tail: JournalTail;
  readonly signal: AbortSignal;
}

/**
 * Waits until every shard has handled a record as new as its newest acknowledged one of now. The producer goes on meanwhile, so
 * this is progress made after the call.
 */
export async function untilRenewedProgress(world: ProgressWorld): Promise<void> {
  const { producer, tail } = world;
  const goals = [...producer.newest].map(([shardId, { number }]) => ({ shardId, number }));
  const open = (): string[] =>
    goals.filter(({ shardId, number }) => (tail.newest.get(shardId) ?? 0) < number).map(({ shardId }) => shardId);
  await untilUnlessStalled(
    world,
    async () => open().length === 0,
    () => `renewed progress of ${open().join(', ')}`,
  );
}

/** Waits until the checkpoints cover every acknowledged record. */
export async function untilDrained(world: ProgressWorld): Promise<void> {
  const { client, definition, producer } = world;
  const isDrained = async (): Promise<boolean> => {
    const { shards } = await client.status(definition);
    const positions = new Map(shards.map(({ shardId, position }) => [shardId, position]));
    return [...producer.newest].every(([shardId, { sequenceNumber }]) =>
      covers(positions.get(shardId), sequenceNumber),
    );
  };
  await untilUnlessStalled(world, isDrained, () => 'the checkpoints to cover every record');
}

function covers(position: Position | undefined, sequenceNumber: string): boolean {
  return position !== undefined && comparePositions(position, { at: 'AFTER', sequenceNumber }) >= 0;
}

/** Like `waitUntil`, but the time limit begins anew with every record that is handled. */
async function untilUnlessStalled(
  world: ProgressWorld,
  condition: () => Promise<boolean>,
  what: () => string,
): Promise<void> {
  const { tail, signal } = world;
  let handlings = -1;
  let since = performance.now();
  let isMet = false;
  const metOrStalled = async (): Promise<boolean> => {
    await tail.poll();
    if (tail.handlings !== handlings) since = performance.now();
    handlings = tail.handlings;
    isMet = await condition();
    return isMet || performance.now() - since > STALL_LIMIT_MS;
  };
  await waitUntil(metOrStalled, { timeoutMs: Infinity, what, signal });
  if (isMet) return;
  throw new Error(`nothing was handled for ${STALL_LIMIT_MS / 1_000} s while waiting for ${what()}`);
}

/** For people: state, position and goal of each shard. */
export async function whereShardsStand({
  client,
  definition,
  producer,
}: Omit<ProgressWorld, 'tail' | 'signal'>): Promise<string> {
  try {
    const report: ConsumerReport = await client.status(definition);
    return `${shardTable(report.shards, producer.newest)}\nstream workflow: ${report.state}`;
  } catch (error) {
    return `(no status: ${error instanceof Error ? error.message : String(error)})`;
  }
}
