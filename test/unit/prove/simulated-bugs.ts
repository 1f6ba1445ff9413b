import type { HandledEntry } from '../../../dev/prove/journal-entries';
import type { InvariantId } from '../../../dev/prove/oracle-report';
import {
  advanceTo,
  finish,
  handleRecord,
  journalCommit,
  refuse,
  startSlice,
  writeCommit,
} from './simulated-slice';
import type { SimRecord, SimShard, SimSlice, SimWorker, World } from './simulated-world';

/** One planted bug: the hooks by which it strikes (each says if it could), and what the oracle must call it. */
export interface Bug {
  readonly name: string;
  readonly invariant: InvariantId;
  /** Invariants that this bug may break too. */
  readonly alongside: readonly InvariantId[];
  /** After a claim was journalled. */
  claimed?(world: World, slice: SimSlice): boolean;
  /** After a batch was read. */
  batch?(world: World, slice: SimSlice): boolean;
  /** In place of the journal entry of one handled record. */
  handled?(world: World, slice: SimSlice, entry: HandledEntry): boolean;
  /** In place of a commit. */
  commit?(world: World, slice: SimSlice): boolean;
  /** In place of a refusal. */
  refused?(world: World, slice: SimSlice): boolean;
  /** When a shard's parents are not at SHARD_END. */
  blocked?(world: World, shard: SimShard, worker: SimWorker): boolean;
  /** In place of an execution that trusts the one before. */
  trusted?(world: World, shard: SimShard, worker: SimWorker): boolean;
  /** When all is put. */
  rest?(world: World, shard: SimShard): boolean;
}

const ANYTHING: readonly InvariantId[] = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9'];

const isFresh = (record: SimRecord): boolean => record.isAcknowledged && record.handlings === 0;
const isUp = (slice: SimSlice): boolean => slice.worker.state === 'up';
const ownsRow = (slice: SimSlice): boolean => slice.token === slice.shard.token;

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
    if (!isUp(slice) || target.isEnd || target.done <= shard.done || !world.journalled.tokens.has(shard.token)) return false;
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

export const BUGS: readonly Bug[] = [
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
  phantom,
  wrongContent,
  wrongPlace,
];
