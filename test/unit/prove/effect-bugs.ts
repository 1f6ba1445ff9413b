import { ANYTHING, isFresh, ownsRow } from './bug-conditions';
import { advanceTo, finish, handleRecord, journalCommit, startSlice, writeCommit } from './simulated-slice';
import type { Bug, SimRecord, SimShard, SimSlice, SimWorker, World } from './simulated-world';

const skipRecord: Bug = {
  name: 'a record is skipped within a batch',
  invariant: 'I1',
  alongside: ['I2', 'I4', 'I9'],
  batch(world, slice) {
    const victims = slice.batch.filter(isFresh);
    if (victims.length === 0) return false;
    world.marked.add(world.random.pick(victims));
    return true;
  },
};

const skipToLatest: Bug = {
  name: 'an execution starts at the newest record instead of its position',
  invariant: 'I1',
  alongside: ['I2', 'I3', 'I4', 'I6', 'I8', 'I9'],
  claimed(world, slice) {
    const skipped = slice.shard.records.slice(slice.cursor, -1);
    if (!skipped.some(isFresh)) return false;
    for (const record of skipped.filter(isFresh)) world.marked.add(record);
    slice.cursor = slice.shard.records.length - 1;
    return true;
  },
};

const stuckShard: Bug = {
  name: 'a shard is never dispatched again',
  invariant: 'I1',
  alongside: [],
  rest(world, shard) {
    if (shard.isEnded || !shard.records.some(isFresh)) return false;
    shard.isStuck = true;
    world.slices.filter((slice) => slice.shard === shard).forEach(finish);
    return true;
  },
};

/** Writes the commit of a batch first and handles it afterwards. */
function commitThenHandle(world: World, slice: SimSlice): boolean {
  writeCommit(world, slice, slice.token);
  const { batch } = slice;
  journalCommit(world, slice);
  for (const record of batch) handleRecord(world, slice, record);
  return true;
}

const commitBeforeEffect: Bug = {
  name: 'a batch is committed before it is handled',
  invariant: 'I2',
  alongside: ['I4', 'I5'],
  batch: (world, slice) =>
    slice.batch.length > 0 && ownsRow(slice) && !slice.target.isEnd && commitThenHandle(world, slice),
};

const commitBeyondOwnEffects: Bug = {
  name: 'records that a dead execution handled are committed without handling them again',
  invariant: 'I2',
  alongside: ['I4'],
  claimed(world, slice) {
    if (!ownsRow(slice) || !slice.shard.records[slice.cursor]?.handlings) return false;
    slice.target = { done: slice.cursor + 1, isEnd: false };
    writeCommit(world, slice, slice.token);
    journalCommit(world, slice);
    return true;
  },
};

const reorderKey: Bug = {
  name: 'two records of a key are swapped',
  invariant: 'I3',
  alongside: ['I4'],
  batch(world, slice) {
    const fresh = slice.batch.filter(({ handlings }) => handlings === 0);
    const first = fresh.find(({ key }, index) => fresh.findLastIndex((other) => other.key === key) > index);
    const second = fresh.findLast((record) => record.key === first?.key);
    if (!first || !second) return false;
    const swap = (record: SimRecord): SimRecord => (record === first ? second : record === second ? first : record);
    for (const record of slice.batch) handleRecord(world, slice, swap(record));
    slice.phase = 'commit';
    return true;
  },
};

function startChild(world: World, shard: SimShard, worker: SimWorker): boolean {
  const isParentBusy = shard.parents.some((parent) => parent.records.some(({ handlings }) => handlings === 0));
  if (!isParentBusy || shard.records.length === 0 || shard.records.some(({ handlings }) => handlings > 0)) return false;
  advanceTo(world, startSlice(world, shard, worker, undefined), 'commit');
  return true;
}

const childBeforeParent: Bug = {
  name: 'a child starts before its parents are at SHARD_END',
  invariant: 'I8',
  alongside: ['I3'],
  blocked: startChild,
};

const mergeWaitsForOne: Bug = {
  name: 'the child of a merge waits for one parent only',
  invariant: 'I8',
  alongside: ['I3'],
  blocked: (world, shard, worker) =>
    shard.parents.length === 2 && shard.parents.some(({ isEnded }) => isEnded) && startChild(world, shard, worker),
};

const endTooEarly: Bug = {
  name: 'SHARD_END is committed with records left',
  invariant: 'I9',
  alongside: ['I1', 'I3', 'I4', 'I8'],
  batch(world, slice) {
    if (!ownsRow(slice) || !slice.batch.some(isFresh)) return false;
    slice.batch.filter(isFresh).forEach((record) => world.marked.add(record));
    slice.batch = [];
    slice.target = { done: slice.shard.records.length, isEnd: true };
    writeCommit(world, slice, slice.token);
    journalCommit(world, slice);
    return true;
  },
};

const endBeforeEffect: Bug = {
  name: 'SHARD_END is committed before the last batch is handled',
  invariant: 'I9',
  alongside: ['I3', 'I4', 'I8'],
  batch: (world, slice) =>
    slice.batch.some(({ handlings }) => handlings === 0) &&
    ownsRow(slice) &&
    slice.target.isEnd &&
    commitThenHandle(world, slice),
};

const phantom: Bug = {
  name: 'a record is handled that was never put',
  invariant: 'I0',
  alongside: ['I2', 'I3', 'I4', 'I5', 'I8', 'I9'],
  handled(world, slice, entry) {
    world.write(slice.worker.name, entry);
    const invented = { id: 'phantom', counter: entry.counter + 1000, sequenceNumber: `${entry.sequenceNumber}0` };
    world.write(slice.worker.name, { ...entry, ...invented });
    return true;
  },
};

const wrongContent: Bug = {
  name: 'a record is handled with another content',
  invariant: 'I0',
  alongside: ['I3', 'DATA'],
  handled(world, slice, entry) {
    world.write(slice.worker.name, { ...entry, counter: entry.counter + 1 });
    return true;
  },
};

const wrongPlace: Bug = {
  name: 'a record is handled at another place than the stream gave it',
  invariant: 'I0',
  alongside: ANYTHING,
  handled(world, slice, entry) {
    if (world.unknownIds.has(entry.id)) return false;
    world.write(slice.worker.name, { ...entry, sequenceNumber: `${entry.sequenceNumber}0` });
    return true;
  },
};

/** Bugs in what is handled, in which order and before which commit: I0-I3, I8, I9. */
export const EFFECT_BUGS: readonly Bug[] = [
  skipRecord,
  skipToLatest,
  stuckShard,
  commitBeforeEffect,
  commitBeyondOwnEffects,
  reorderKey,
  childBeforeParent,
  mergeWaitsForOne,
  endTooEarly,
  endBeforeEffect,
  phantom,
  wrongContent,
  wrongPlace,
];
