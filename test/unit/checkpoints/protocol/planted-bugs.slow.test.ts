import fc from 'fast-check';
import { anyFault, twoPerFault, withinRun, onePerFault } from '../../../support/protocol/bounds';
import { claimAgain } from '../../../support/protocol/flawed-claim-again';
import { idsAsOwnership } from '../../../support/protocol/flawed-ids-as-ownership';
import { commitCreates, commitFirst, inputAlwaysWins, noStaleCheck } from '../../../support/protocol/flawed-plain-bugs';
import { revisionCondition } from '../../../support/protocol/flawed-revision-condition';
import { trustAcrossRuns } from '../../../support/protocol/flawed-trust-across-runs';
import { unconditionalTakeOver } from '../../../support/protocol/flawed-unconditional-take-over';
import type { Invariant } from '../../../support/protocol/ledger';
import { effectsApart, type Protocol } from '../../../support/protocol/protocol';
import { property, violationOf, type PropertyOptions } from '../../../support/protocol/property';

/** Each bug takes 1 to 1,100 runs on average to be found. */
const RUNS = 10_000;

interface Planted extends Omit<PropertyOptions, 'protocol'> {
  readonly protocol: Protocol;
  /** Invariants of which the bug breaks one, whichever shows first. */
  readonly breaks: readonly Invariant[];
}

const anyhow = { faults: anyFault, bound: twoPerFault };

const planted: Planted[] = [
  { ...anyhow, protocol: commitFirst, breaks: ['I2'] },
  { ...anyhow, protocol: effectsApart, breaks: ['exactlyOnce'] },
  { ...anyhow, protocol: inputAlwaysWins, breaks: ['I6'] },
  { ...anyhow, protocol: commitCreates, breaks: ['onlyClaimsCreate'] },
  { ...anyhow, protocol: claimAgain, breaks: ['bound', 'liveness'] },
  { ...anyhow, protocol: idsAsOwnership, breaks: ['I7'] },
  { ...anyhow, protocol: unconditionalTakeOver, breaks: ['I6', 'I7'] },
  { ...anyhow, protocol: revisionCondition, breaks: ['I6', 'I7'] },
  { ...anyhow, protocol: trustAcrossRuns, breaks: ['noRepeatOfCommitted'] },
  { protocol: noStaleCheck, breaks: ['bound'], faults: withinRun, bound: onePerFault },
];

describe('the properties find each planted bug within their budget', () => {
  it.each(planted)(
    '$protocol.name',
    async ({ protocol, breaks, faults, bound }) => {
      const found = await fc.check(property({ protocol, faults, bound }), { numRuns: RUNS, endOnFailure: true });
      expect(breaks).toContain(violationOf(found.errorInstance)?.invariant);
    },
    120_000,
  );
});
