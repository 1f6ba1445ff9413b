import fc from 'fast-check';
import { anyFault, onePerFault, twoPerFault, twoPerFaultAndRewinds, withinRun } from '../../../support/protocol/bounds';
import { noFaults, type Command, type FaultKind } from '../../../support/protocol/adversary';
import { play, property, scenarios, type PropertyOptions } from '../../../support/protocol/property';
import { realProtocol, transactionalProtocol } from '../../../support/protocol/protocol';
import { soundRules, variant } from '../../../support/protocol/variant-committer';

/** Runs of all properties together; TIDEMARK_PROPERTY_RUNS raises it. */
const RUNS = Number(process.env.TIDEMARK_PROPERTY_RUNS ?? 4_000);
/** Far more than a run takes; a hang must not look like a slow machine. */
const TIMEOUT_MS = Math.max(60_000, RUNS * 10);

interface Case extends PropertyOptions {
  readonly promise: string;
  readonly share: number;
}

const cases: Case[] = [
  {
    promise: 'lost and delayed answers alone repeat nothing and fence nobody',
    share: 0.1,
    protocol: realProtocol,
    faults: ['network'],
    bound: () => 1,
  },
  {
    promise: 'crashes and zombies within a run repeat a record once each at most',
    share: 0.15,
    protocol: realProtocol,
    faults: withinRun,
    bound: onePerFault,
  },
  {
    promise: 'all faults together, and continue-as-new',
    share: 0.25,
    protocol: realProtocol,
    faults: anyFault,
    bound: twoPerFault,
    continuesAsNew: true,
  },
  {
    promise: 'all of that, and moves back',
    share: 0.15,
    protocol: realProtocol,
    faults: [...anyFault, 'rewind'],
    bound: twoPerFaultAndRewinds,
    continuesAsNew: true,
  },
  {
    promise: 'effects and dead letters are written exactly once, with the commit, whatever is refused or lost',
    share: 0.25,
    protocol: transactionalProtocol,
    faults: [...anyFault, 'refusal'],
    bound: twoPerFault,
    continuesAsNew: true,
  },
  {
    promise: 'the protocol that the flawed variants are made of, unflawed',
    share: 0.1,
    protocol: variant('sound', soundRules),
    faults: anyFault,
    bound: twoPerFault,
  },
];

describe('the commit protocol under random interleavings', () => {
  it.each(cases)(
    '$promise',
    ({ share, ...options }) => fc.assert(property(options), { numRuns: Math.ceil(RUNS * share) }),
    TIMEOUT_MS,
  );

  it('a move that row and workflow have both lost, and a zombie that still knows it: the shard is read to its end again', async () => {
    const picks = [2, 13, 36, 3].map((pick) => ({ does: 'run', pick }) as const);
    const commands: Command[] = [
      ...picks,
      { does: 'orderMove', pick: 0 },
      { does: 'run', pick: 0 },
      { does: 'run', pick: 3 },
      { does: 'run', pick: 4 },
      { does: 'loseWorkflow', pick: 0 },
      { does: 'restoreTable', pick: 39 },
      { does: 'run', pick: 15 },
    ];
    const { simulation } = await play(realProtocol, {
      records: 3,
      batchSizes: [1, 0, 0],
      batchesPerSlice: 2,
      activitiesPerRun: 2,
      knowsDeadline: false,
      dropsLate: false,
      maxFaults: 3,
      faults: ['lostWorkflow', 'tableRestored', 'rewind'],
      commands,
    });
    expect(simulation.ledger.violations).toEqual([]);
    expect(simulation.table.row?.position.at).toBe('SHARD_END');
  });

  it(
    'meets every kind of fault, and is fenced by it, many times',
    async () => {
      const sum = noFaults();
      let fences = 0;
      for (const scenario of fc.sample(scenarios([...anyFault, 'rewind', 'refusal'], true), 400)) {
        const { simulation, counts } = await play(transactionalProtocol, scenario);
        fences += simulation.ledger.fences;
        for (const kind of Object.keys(counts) as FaultKind[]) sum[kind] += counts[kind];
      }
      for (const [kind, count] of Object.entries(sum)) expect([kind, count > 10]).toEqual([kind, true]);
      expect(fences).toBeGreaterThan(50);
    },
    TIMEOUT_MS,
  );
});
