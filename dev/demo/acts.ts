import consumer from './consumer';
import type { DeliveredBatch } from './deliveries';
import type { Flight } from './flights';
import { putFlights, type RecordPlace } from './producer';
import { thousands, type Screen } from './screen';
import { isOpen, listShards, reshard } from './stream';
import { killInBatch, shardsHeldBy, untilTakenOver } from './take-over';
import { waitFor } from './wait-for';
import type { WorkerProcess } from './worker-process';
import type { World } from './world';

export interface Stage {
  readonly world: World;
  readonly workers: readonly WorkerProcess[];
  readonly screen: Screen;
  /** Filled while flights are put. */
  readonly put: Set<RecordPlace>;
}

/** Puts all flights; half-way the stream is resharded, and once its new shards are being read, a worker is killed. */
export async function playActs(
  stage: Stage,
  flights: readonly Flight[],
): Promise<{ shardsBefore: number; resumeMs: number }> {
  const { kinesis } = stage.world;
  const share = (part: number): number => Math.floor(flights.length * part);
  const put = (from: number, to: number): Promise<void> =>
    putFlights(kinesis, flights.slice(share(from), share(to)), (places) =>
      places.forEach((place) => stage.put.add(place)),
    );

  stage.screen.say(
    `Putting ${thousands(flights.length)} flights. The workers add up delays per airport in DynamoDB as they come.`,
  );
  await put(0, 0.5);
  const shardsBefore = (await listShards(kinesis)).filter(isOpen).length;
  const { split, merged } = await reshard(kinesis);
  stage.screen.say(`Half-way: ${split} is split in two, ${merged.join(' and ')} are merged.`);
  await Promise.all([untilNewShardIsRead(stage, [split, ...merged]), put(0.5, 0.6)]);
  const [resumeMs] = await Promise.all([killAndWait(stage), put(0.6, 1)]);
  return { shardsBefore, resumeMs };
}

/** A shard's children start when all its parents have been read to their ends. */
async function untilNewShardIsRead({ world, screen }: Stage, closed: readonly string[]): Promise<void> {
  const { deliveries, kinesis } = world;
  const shards = await listShards(kinesis);
  const children = shards.flatMap(({ ShardId, ParentShardId = '' }) =>
    closed.includes(ParentShardId) ? [ShardId] : [],
  );
  const look = (): DeliveredBatch | undefined => {
    deliveries.refresh();
    return deliveries.batches.find(({ shardId }) => children.includes(shardId));
  };
  const { shardId } = await waitFor(look, { timeoutMs: 120_000, what: 'a new shard to be read' });
  screen.say(
    `Old shards are read to their ends, and workflows for the new ones have started by themselves; first ${shardId}.`,
  );
}

async function killAndWait({ world, workers, screen }: Stage): Promise<number> {
  const { deliveries, tidemark, temporal } = world;
  const { shards } = await tidemark.status(consumer);
  const kill = await killInBatch(workers, deliveries);
  const { places, halfway, shardId: cutShard } = kill.batch;
  const done = `${halfway} of its ${places.length} records are in the sums, and nothing is committed`;
  screen.say(`kill -9 of worker ${kill.pid} in the middle of a batch of ${cutShard}: ${done}.`);
  const held = await shardsHeldBy(kill.pid, shards, temporal);
  screen.say(`It held ${held.join(', ')}. Nobody is told: Temporal will miss its heartbeats.`);
  const { workerPid, shardId, beganAtMs } = await untilTakenOver(kill, held, deliveries);
  const resumeMs = beganAtMs - kill.atMs;
  const timeout = `heartbeat timeout: ${consumer.options.heartbeatTimeoutMs / 1_000} s`;
  screen.say(
    `Worker ${workerPid} has taken over ${shardId}, ${(resumeMs / 1_000).toFixed(1)} s after the kill (${timeout}).`,
  );
  return resumeMs;
}
