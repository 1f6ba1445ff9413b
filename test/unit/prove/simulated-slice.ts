import type { JournalRecord } from '../../../dev/prove/journal-entries';
import {
  positionOf,
  rowPosition,
  type SimRecord,
  type SimShard,
  type SimSlice,
  type SimWorker,
  type World,
} from './simulated-world';

/** Starts an execution for a shard: trusting the state of the one that completed before it, or claiming first. */
export function startSlice(world: World, shard: SimShard, worker: SimWorker, trusted: SimShard['trusted']): SimSlice {
  shard.attempts += 1;
  const slice: SimSlice = {
    shard,
    worker,
    name: `run-${shard.shardId}/${shard.attempts}`,
    attempt: shard.attempts,
    isTrusted: trusted !== undefined,
    phase: trusted ? 'read' : 'claim',
    cursor: trusted?.cursor ?? 0,
    token: trusted?.token ?? null,
    batch: [],
    nextInBatch: 0,
    target: { done: 0, isEnd: false },
  };
  shard.trusted = undefined;
  shard.owner = slice;
  world.slices.push(slice);
  return slice;
}

/** One step of an execution; a kill, a stop or another execution's step may come between any two. */
export function advance(world: World, slice: SimSlice): void {
  switch (slice.phase) {
    case 'claim':
      return claim(world, slice);
    case 'journalClaim':
      return journalClaim(world, slice);
    case 'read':
      return read(world, slice);
    case 'handle':
      return handle(world, slice);
    case 'commit':
      return commit(world, slice);
    case 'journalCommit':
      return journalCommit(world, slice);
    case 'over':
      return;
  }
}

/** Advances without interruption until the phase is reached or the execution is over. */
export function advanceTo(world: World, slice: SimSlice, ...phases: readonly SimSlice['phase'][]): void {
  for (let step = 0; step < 200 && slice.phase !== 'over' && !phases.includes(slice.phase); step++)
    advance(world, slice);
}

function claim(world: World, slice: SimSlice): void {
  const { shard } = slice;
  if (slice.attempt < shard.claimedBy) return refuse(world, slice);
  const previousToken = shard.token;
  const sentMono = world.now();
  shard.token = slice.token = world.mint('token');
  shard.claimedBy = slice.attempt;
  slice.cursor = shard.done;
  slice.written = { kind: 'claimed', position: rowPosition(shard), ...writeOf(slice, previousToken, sentMono) };
  slice.phase = 'journalClaim';
}

function journalClaim(world: World, slice: SimSlice): void {
  journalWrite(world, slice);
  if (slice.shard.isEnded) return reportEnd(slice);
  slice.phase = 'read';
  world.strike(() => world.plan.bug?.claimed?.(world, slice) ?? false);
}

function read(world: World, slice: SimSlice): void {
  const { shard, cursor } = slice;
  if (slice.worker.state === 'draining') return complete(slice);
  const size = world.random.int(1, world.plan.maxBatchRecords);
  slice.batch = shard.records.slice(cursor, cursor + size);
  slice.nextInBatch = 0;
  const isLast = shard.isClosed && cursor + slice.batch.length === shard.records.length;
  const isEnd = isLast && (slice.batch.length === 0 || world.random.chance(0.3));
  slice.target = { done: cursor + slice.batch.length, isEnd };
  if (slice.batch.length > 0) slice.phase = 'handle';
  else if (isEnd) slice.phase = 'commit';
  else if (world.random.chance(0.3)) return complete(slice);
  world.strike(() => world.plan.bug?.batch?.(world, slice) ?? false);
}

function handle(world: World, slice: SimSlice): void {
  const size = world.random.chance(0.7) ? slice.batch.length : 1;
  for (const record of slice.batch.slice(slice.nextInBatch, slice.nextInBatch + size))
    handleRecord(world, slice, record);
  slice.nextInBatch += size;
  if (slice.nextInBatch >= slice.batch.length) slice.phase = 'commit';
}

/** The effect of one record. A record that a bug has marked is left out. */
export function handleRecord(world: World, slice: SimSlice, record: SimRecord): void {
  if (world.marked.has(record)) return;
  record.handlings += 1;
  const { id, key, counter, sequenceNumber } = record;
  const entry = { kind: 'handled', id, key, counter, sequenceNumber, ...executionOf(slice) } as const;
  if (world.strike(() => world.plan.bug?.handled?.(world, slice, entry) ?? false)) return;
  world.write(slice.worker.name, entry);
}

function commit(world: World, slice: SimSlice): void {
  const { shard } = slice;
  if (world.strike(() => world.plan.bug?.commit?.(world, slice) ?? false)) return;
  if (slice.token !== shard.token) {
    if (world.strike(() => world.plan.bug?.refused?.(world, slice) ?? false)) return;
    return refuse(world, slice);
  }
  writeCommit(world, slice, slice.token);
  slice.phase = 'journalCommit';
  const isUndecided = world.random.chance(0.02);
  if (isUndecided) finish(slice);
}

/** Writes the row, without any condition: that is the caller's to check. */
export function writeCommit(world: World, slice: SimSlice, previousToken: string | null): void {
  const { shard, target } = slice;
  const from = positionOf(shard, slice.cursor);
  const sentMono = world.now();
  shard.token = slice.token = world.mint('token');
  shard.done = target.done;
  shard.isEnded = target.isEnd;
  slice.written = { kind: 'committed', from, to: rowPosition(shard), ...writeOf(slice, previousToken, sentMono) };
}

export function journalCommit(world: World, slice: SimSlice): void {
  journalWrite(world, slice);
  slice.cursor = slice.target.done;
  if (slice.target.isEnd) return reportEnd(slice);
  slice.phase = 'read';
}

function journalWrite(world: World, slice: SimSlice): void {
  if (slice.written) world.write(slice.worker.name, slice.written);
  slice.written = undefined;
}

export function refuse(world: World, slice: SimSlice): void {
  world.write(slice.worker.name, { kind: 'refused', ...executionOf(slice) });
  finish(slice);
}

function reportEnd(slice: SimSlice): void {
  slice.shard.isKnownEnded = true;
  finish(slice);
}

function complete(slice: SimSlice): void {
  const { shard, cursor, token } = slice;
  if (shard.owner === slice && token !== null) shard.trusted = { cursor, token };
  finish(slice);
}

/** The execution ends. Unless it completed, the workflow knows nothing of its state: the next one claims. */
export function finish(slice: SimSlice): void {
  slice.phase = 'over';
  if (slice.shard.owner === slice) slice.shard.owner = undefined;
}

export function executionOf(slice: SimSlice): { shardId: string; worker: string; slice: string } {
  return { shardId: slice.shard.shardId, worker: slice.worker.name, slice: slice.name };
}

type WriteFields = Pick<
  Extract<JournalRecord, { kind: 'committed' }>,
  'generation' | 'token' | 'previousToken' | 'sentMono'
>;

function writeOf(
  slice: SimSlice,
  previousToken: string | null,
  sentMono: string,
): WriteFields & ReturnType<typeof executionOf> {
  return { ...executionOf(slice), generation: 1, token: slice.token ?? '', previousToken, sentMono };
}
