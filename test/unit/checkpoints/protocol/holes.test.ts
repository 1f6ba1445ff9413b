import { TRIM_HORIZON } from '../../../../src/core/positions';
import { claimAgain } from '../../../support/protocol/flawed-claim-again';
import { idsAsOwnership } from '../../../support/protocol/flawed-ids-as-ownership';
import { rebasedMove } from '../../../support/protocol/flawed-moves';
import { revisionCondition } from '../../../support/protocol/flawed-revision-condition';
import { trustAcrossRuns } from '../../../support/protocol/flawed-trust-across-runs';
import { unconditionalTakeOver } from '../../../support/protocol/flawed-unconditional-take-over';
import { playHole, type Hole } from '../../../support/protocol/hole';
import { realProtocol } from '../../../support/protocol/protocol';
import type { Simulation } from '../../../support/protocol/simulation';
import { soundRules, variant } from '../../../support/protocol/variant-committer';

/** The row, which the script knows to be there. */
function rowOf({ table: { row } }: Simulation) {
  if (!row) throw new Error('There is no row');
  return row;
}

/** A reset leaves a zombie of the old run beside the new one. Each claims in turn, for ever, if a fenced execution claims again. */
const livelock: Hole = {
  name: 'C1: a zombie and a live execution do not fence each other for ever',
  flawed: claimAgain,
  breaks: 'bound',
  faults: 1,
  options: { records: 3 },
  play: async (simulation) => {
    const zombie = simulation.newest;
    await simulation.until(zombie, 'handle');
    simulation.temporal.reset(0);
    const live = simulation.newest;
    await simulation.until(live, 'handle');
    for (const execution of Array.from({ length: 20 }, (_, turn) => (turn % 2 === 0 ? zombie : live))) {
      await simulation.until(execution, 'commit');
      await simulation.advance(execution);
      await simulation.until(execution, 'handle');
    }
  },
};

/** Both executions of one attempt claim and handle the same record; one commits, and the other one finds its own ids in the row. */
const dispatchedTwice: Hole = {
  name: 'C2: of two executions of one attempt only one believes in its commit',
  flawed: idsAsOwnership,
  breaks: 'I7',
  faults: 1,
  options: { records: 3, batchesPerSlice: 1 },
  play: async (simulation) => {
    const first = simulation.newest;
    await simulation.until(first, 'handle');
    simulation.temporal.dispatchAgain();
    const second = simulation.newest;
    await simulation.until(second, 'commit');
    await simulation.until(first, 'commit');
    await simulation.finish(second);
    await simulation.finish(first);
  },
};

/** A dead attempt's take-over arrives when the next attempt has committed. */
const delayedTakeOver: Hole = {
  name: 'C3: a take-over that arrives late changes nothing',
  flawed: unconditionalTakeOver,
  breaks: 'I6',
  faults: 2,
  options: { records: 3, batchesPerSlice: 4 },
  play: async (simulation) => {
    await simulation.until(simulation.newest, 'handle');
    simulation.crash(simulation.newest);
    const late = simulation.timeOut();
    await simulation.until(late, 'claim');
    await simulation.loseAnswer(late, true);
    simulation.crash(late);
    const live = simulation.timeOut();
    await simulation.until(live, 'commit');
    await simulation.advance(live);
    await simulation.deliverLate();
  },
};

/** The zombie believes in revision 2 of a row that was deleted; the one created since has a revision 2 of its own. */
const deletedRow: Hole = {
  name: 'C4: a zombie does not commit on a row that was deleted and created again',
  flawed: revisionCondition,
  breaks: 'I6',
  faults: 2,
  options: { records: 6, batchSizes: [1, 1, 3, 1], batchesPerSlice: 4 },
  play: async (simulation) => {
    const zombie = simulation.newest;
    await simulation.until(zombie, 'commit');
    await simulation.advance(zombie);
    await simulation.advance(zombie);
    await simulation.until(zombie, 'commit');
    simulation.table.delete();
    const live = simulation.timeOut();
    await simulation.until(live, 'commit');
    await simulation.advance(live);
    await simulation.finish(zombie);
  },
};

/** As C4, but the row was rewound before: what the zombie handled before the rewind would count as handled after it. */
const undoneRewind: Hole = {
  name: 'C5: a zombie does not undo a rewind through a row that was deleted and created again',
  flawed: revisionCondition,
  breaks: 'I2',
  faults: 5,
  options: { records: 4, batchesPerSlice: 4 },
  play: async (simulation) => {
    const zombie = simulation.newest;
    await simulation.until(zombie, 'commit');
    await simulation.advance(zombie);
    await simulation.advance(zombie);
    await simulation.until(zombie, 'commit');
    simulation.table.rewind(TRIM_HORIZON);
    const adopting = simulation.timeOut();
    adopting.isStopping = true;
    await simulation.finish(adopting);
    expect(simulation.temporal.input).toMatchObject({ position: TRIM_HORIZON, generation: 1, rewindId: 'rewind-1' });
    simulation.crash(simulation.newest);
    simulation.table.delete();
    for (let claims = 0; claims < 2; claims += 1) {
      const claiming = simulation.timeOut();
      await simulation.until(claiming, 'handle');
      simulation.crash(claiming);
    }
    expect(rowOf(simulation)).toMatchObject({
      position: TRIM_HORIZON,
      generation: 1,
      rewindId: 'rewind-1',
      revision: 2,
    });
    await simulation.finish(zombie);
  },
};

/** B's claim is undone by a restore; the zombie, which the restored row belongs to, commits; then B does. */
const restoredTable: Hole = {
  name: 'C6: after a restore only the owner of the restored row commits',
  flawed: revisionCondition,
  breaks: 'I7',
  faults: 2,
  options: { records: 3, batchesPerSlice: 1 },
  play: async (simulation) => {
    const zombie = simulation.newest;
    await simulation.until(zombie, 'handle');
    const restored = rowOf(simulation);
    await simulation.until(zombie, 'commit');
    const live = simulation.timeOut();
    await simulation.until(live, 'commit');
    simulation.table.restore(restored);
    await simulation.finish(zombie);
    await simulation.finish(live);
  },
};

/** The history of the reset run ends after the first activity: the token that it carries looks usable, and is long spent. */
const trustAfterReset: Hole = {
  name: 'C9: a reset run handles nothing that the old one has committed',
  flawed: trustAcrossRuns,
  breaks: 'noRepeatOfCommitted',
  faults: 1,
  options: { records: 4, batchesPerSlice: 1 },
  play: async (simulation) => {
    await simulation.finish(simulation.newest);
    await simulation.finish(simulation.newest);
    simulation.temporal.reset(1);
  },
};

/** The first attempt of a move is a zombie when the second one has made it, and the shard has come to its end. */
const appliedTwice: Hole = {
  name: 'C7: a move is not made again by its own zombie',
  flawed: rebasedMove,
  breaks: 'movedOnce',
  faults: 2,
  options: { records: 2, batchesPerSlice: 1 },
  play: async (simulation) => {
    await simulation.finish(simulation.newest);
    const slice = simulation.newest;
    simulation.order(0);
    await simulation.finish(slice);
    const zombie = simulation.newest;
    await simulation.until(zombie, 'move');
    await simulation.finish(simulation.timeOut());
    while (!simulation.temporal.isFinished) await simulation.finish(simulation.newest);
    await simulation.finish(zombie);
  },
};

describe(appliedTwice.name, () => {
  it('with the real protocol', async () => {
    const { ledger, table } = await playHole(appliedTwice, realProtocol);
    expect(ledger.violations).toEqual([]);
    expect(table.row).toMatchObject({ position: { at: 'SHARD_END' }, rewindId: 'move-0' });
  });

  it(`but not if it ${rebasedMove.name}`, async () => {
    const { ledger } = await playHole(appliedTwice, rebasedMove);
    expect(ledger.violations.map(({ invariant }) => invariant)).toContain(appliedTwice.breaks);
  });
});

const holes = [livelock, dispatchedTwice, delayedTakeOver, deletedRow, undoneRewind, restoredTable, trustAfterReset];

describe.each(holes)('$name', (hole) => {
  it('with the real protocol', async () => {
    const { ledger } = await playHole(hole, realProtocol);
    expect(ledger.violations).toEqual([]);
  });

  it('also with the protocol that the flawed variant is made of', async () => {
    const { ledger } = await playHole(hole, variant('sound', soundRules));
    expect(ledger.violations).toEqual([]);
  });

  it(`but not if it ${hole.flawed.name}`, async () => {
    const { ledger } = await playHole(hole, hole.flawed);
    expect(ledger.violations.map(({ invariant }) => invariant)).toContain(hole.breaks);
  });
});
