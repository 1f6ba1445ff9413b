import { ANYTHING, isUp, ownsRow } from './bug-conditions';
import { advanceTo, finish, handleRecord, journalCommit, refuse, startSlice, writeCommit } from './simulated-slice';
import type { Bug } from './simulated-world';

const holeOnRedelivery: Bug = {
  name: 'a restart skips a record that a dead execution handled but never committed',
  invariant: 'I4',
  alongside: ['I6'],
  claimed(world, slice) {
    if (!isUp(slice) || !slice.shard.records[slice.cursor]?.handlings) return false;
    if (slice.cursor + 1 >= slice.shard.records.length) return false;
    slice.cursor += 1;
    advanceTo(world, slice, 'commit');
    return true;
  },
};

const restartFromHorizon: Bug = {
  name: 'a restart reads from TRIM_HORIZON in spite of its checkpoint',
  invariant: 'I4',
  alongside: ['I5', 'I6', 'I7'],
  claimed(world, slice) {
    if (!isUp(slice) || slice.cursor === 0) return false;
    slice.cursor = 0;
    advanceTo(world, slice, 'commit');
    return true;
  },
};

const staleStart: Bug = {
  name: 'an execution without a claim starts before the last commit',
  invariant: 'I4',
  alongside: ['I5'],
  trusted(world, shard, worker) {
    if (!shard.trusted || shard.trusted.cursor === 0 || worker.wasStopped) return false;
    const slice = startSlice(world, shard, worker, { ...shard.trusted, cursor: 0 });
    advanceTo(world, slice, 'commit');
    finish(slice);
    return true;
  },
};

const unforcedRedelivery: Bug = {
  name: 'a batch is handled again and again without a fault',
  invariant: 'I5',
  alongside: [],
  commit(world, slice) {
    if (!isUp(slice) || !ownsRow(slice) || slice.batch.length === 0) return false;
    finish(slice);
    for (let again = 0; again < world.plan.kills + 2; again++) {
      const next = startSlice(world, slice.shard, slice.worker, undefined);
      advanceTo(world, next, 'commit');
      finish(next);
    }
    return true;
  },
};

const oversizedFlight: Bug = {
  name: 'more than one batch is handled before a commit',
  invariant: 'I5',
  alongside: [],
  batch(world, slice) {
    const size = world.plan.maxBatchRecords + 1;
    const batch = slice.shard.records.slice(slice.cursor, slice.cursor + size);
    if (batch.length < size) return false;
    slice.target = { done: slice.cursor + size, isEnd: false };
    for (const record of batch) handleRecord(world, slice, record);
    slice.phase = 'commit';
    return true;
  },
};

const checkpointBack: Bug = {
  name: 'a commit moves the checkpoint back',
  invariant: 'I6',
  alongside: ['I4', 'I5', 'I7'],
  commit(world, slice) {
    if (!ownsRow(slice) || slice.cursor === 0) return false;
    slice.target = { done: world.random.int(0, slice.cursor - 1), isEnd: false };
    writeCommit(world, slice, slice.token);
    journalCommit(world, slice);
    return true;
  },
};

const zombieGoesBack: Bug = {
  name: 'a zombie overwrites a later checkpoint',
  invariant: 'I6',
  alongside: ANYTHING,
  refused(world, slice) {
    const { shard, target } = slice;
    if (target.isEnd || target.done >= shard.done || !world.journalled.tokens.has(shard.token)) return false;
    writeCommit(world, slice, shard.token);
    journalCommit(world, slice);
    return true;
  },
};

const advanceDespiteRefusal: Bug = {
  name: 'the workflow believes in the position of a refused commit',
  invariant: 'I6',
  alongside: ANYTHING,
  refused(world, slice) {
    const { shard, target, worker } = slice;
    if (!isUp(slice) || target.isEnd || target.done <= shard.done || !world.journalled.tokens.has(shard.token))
      return false;
    refuse(world, slice);
    shard.done = target.done;
    advanceTo(world, startSlice(world, shard, worker, undefined), 'read');
    return true;
  },
};

const twoCommitters: Bug = {
  name: 'a zombie commits with a token that was already replaced',
  invariant: 'I7',
  alongside: ANYTHING,
  refused(world, slice) {
    if (!world.journalled.previousTokens.has(slice.token)) return false;
    writeCommit(world, slice, slice.token);
    journalCommit(world, slice);
    return true;
  },
};

const fencedGoesOn: Bug = {
  name: 'a fenced execution goes on',
  invariant: 'I7',
  alongside: ['I4', 'I5'],
  refused(world, slice) {
    const record = slice.batch[0];
    if (!record) return false;
    refuse(world, slice);
    handleRecord(world, slice, record);
    return true;
  },
};

/** Bugs in where executions start, how often and who commits: I4-I7. */
export const POSITION_BUGS: readonly Bug[] = [
  holeOnRedelivery,
  restartFromHorizon,
  staleStart,
  unforcedRedelivery,
  oversizedFlight,
  checkpointBack,
  zombieGoesBack,
  advanceDespiteRefusal,
  twoCommitters,
  fencedGoesOn,
];
