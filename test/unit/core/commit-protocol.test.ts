import fc from 'fast-check';
import type { CheckpointRow, Writer } from '../../../src/core/checkpoint';
import {
  compareCheckpoints,
  foldOutcome,
  initialBelief,
  judgeRefusal,
  planClaim,
  trustsToken,
  type Belief,
} from '../../../src/core/commit-protocol';
import { SHARD_END, TRIM_HORIZON, type Position } from '../../../src/core/positions';
import { FACTS, PARENTS, WORKFLOW_ID } from '../../support/protocol/fixture';
import { positions } from './arbitraries';

const after = (sequenceNumber: string): Position => ({ at: 'AFTER', sequenceNumber });
const me: Writer = { runId: 'run-1', activityId: '5', activitySeq: 5, attempt: 2 };
const rowAt = (position: Position, more: Partial<CheckpointRow> = {}): CheckpointRow => ({
  position,
  generation: 0,
  token: 'row-token',
  revision: 7,
  writer: { ...me, activitySeq: 4, attempt: 1 },
  workflowId: WORKFLOW_ID,
  parentShardIds: PARENTS,
  ...FACTS,
  ...more,
});
const believes = (position: Position, more: Partial<Belief> = {}): Belief => ({
  ...initialBelief(position),
  token: 'input-token',
  ...more,
});

describe('trustsToken', () => {
  const belief: Belief = { position: TRIM_HORIZON, generation: 0, token: 't', tokenRunId: 'run-1', needClaim: false };
  it('trusts the token of a completed activity of the same run on the first attempt', () =>
    expect(trustsToken(belief, 'run-1', 1)).toBe(true));

  it.each<[string, Partial<Belief>, string, number]>([
    ['on a retry', {}, 'run-1', 2],
    ['in another run', {}, 'run-2', 1],
    ['of no known run', { tokenRunId: undefined }, 'run-1', 1],
    ['when a claim is needed', { needClaim: true }, 'run-1', 1],
    ['when there is none', { token: undefined }, 'run-1', 1],
  ])('does not trust it %s', (_, more, runId, attempt) =>
    expect(trustsToken({ ...belief, ...more }, runId, attempt)).toBe(false),
  );

  it('trusts nothing at first', () => expect(trustsToken(initialBelief(TRIM_HORIZON), 'run-1', 1)).toBe(false));
});

describe('planClaim', () => {
  it('creates a missing row from the belief, with its generation and rewind', () => {
    const plan = planClaim(believes(after('9'), { generation: 3, rewindId: 'r' }), undefined, me);
    expect(plan).toEqual({ kind: 'create', next: { position: after('9'), generation: 3, rewindId: 'r' } });
  });

  interface TakeOver {
    readonly when: string;
    readonly row?: Partial<CheckpointRow>;
    readonly belief?: Partial<Belief>;
    readonly adopted: string;
    readonly next: object;
  }
  const rewound = { position: TRIM_HORIZON, generation: 2, rewindId: 'r2' };
  const here = { position: after('9'), generation: 0 };
  const takeOvers: TakeOver[] = [
    { when: 'they agree', adopted: 'none', next: here },
    { when: 'the row is behind (case 59)', row: { position: after('8') }, adopted: 'input', next: here },
    {
      when: 'the row is ahead (case 60)',
      row: { position: after('10') },
      adopted: 'row',
      next: { ...here, position: after('10') },
    },
    {
      when: 'the row has a larger generation',
      row: rewound,
      belief: { generation: 1, rewindId: 'r1' },
      adopted: 'row',
      next: rewound,
    },
    {
      when: 'the belief has a larger generation',
      row: { position: SHARD_END, generation: 1, rewindId: 'r1' },
      belief: rewound,
      adopted: 'input',
      next: rewound,
    },
  ];

  it.each(takeOvers)('takes over on the token of the row when $when', ({ row, belief, adopted, next }) => {
    const plan = planClaim(believes(after('9'), belief), rowAt(after('9'), row), me);
    expect(plan).toEqual({ kind: 'takeOver', ifToken: 'row-token', adopted, next });
  });

  it.each<[string, Partial<Writer>, boolean]>([
    ['a later attempt of its activity', { activitySeq: 5, attempt: 3 }, true],
    ['the first attempt of a later activity', { activitySeq: 6, attempt: 1 }, true],
    ['the same attempt', { activitySeq: 5, attempt: 2 }, false],
    ['an earlier attempt', { activitySeq: 5, attempt: 1 }, false],
    ['a late attempt of an earlier activity', { activitySeq: 4, attempt: 9 }, false],
    ['a later activity of another run', { runId: 'run-0', activitySeq: 9, attempt: 9 }, false],
  ])('of a row written by %s', (_, writer, isStale) => {
    const plan = planClaim(believes(after('9')), rowAt(after('9'), { writer: { ...me, ...writer } }), me);
    expect(plan.kind).toBe(isStale ? 'stale' : 'takeOver');
  });

  it('never goes back, and takes the generation together with its rewind', () => {
    const states = fc.record({ position: positions, generation: fc.nat(2) });
    const withRewind = states.map((state) => ({
      ...state,
      ...(state.generation > 0 ? { rewindId: `r${state.generation}` } : {}),
    }));
    fc.assert(
      fc.property(withRewind, withRewind, (input, row) => {
        const plan = planClaim({ ...input, needClaim: true }, rowAt(row.position, row), me);
        if (plan.kind !== 'takeOver') throw new Error(plan.kind);
        expect(compareCheckpoints(plan.next, input)).toBeGreaterThanOrEqual(0);
        expect(compareCheckpoints(plan.next, row)).toBeGreaterThanOrEqual(0);
        expect(plan.next.rewindId).toBe(plan.next.generation > 0 ? `r${plan.next.generation}` : undefined);
        expect(plan.adopted === 'none').toBe(compareCheckpoints(input, row) === 0);
      }),
    );
  });
});

describe('compareCheckpoints', () => {
  it('puts the generation before the position', () => {
    expect(
      compareCheckpoints({ generation: 1, position: TRIM_HORIZON }, { generation: 0, position: SHARD_END }),
    ).toBeGreaterThan(0);
    expect(
      compareCheckpoints({ generation: 0, position: after('10') }, { generation: 0, position: after('9') }),
    ).toBeGreaterThan(0);
    expect(compareCheckpoints({ generation: 0, position: after('9') }, { generation: 0, position: after('09') })).toBe(
      0,
    );
  });
});

describe('judgeRefusal', () => {
  it.each<[string, { token: string } | undefined, string]>([
    ['the row has the minted token', { token: 'minted' }, 'ownLostReply'],
    ['the row has another token', { token: 'other' }, 'fenced'],
    ['there is no row', undefined, 'fenced'],
  ])('when %s', (_, row, judgement) => expect(judgeRefusal(row, 'minted')).toBe(judgement));
});

describe('foldOutcome', () => {
  const belief = believes(after('9'), { generation: 1, rewindId: 'r1', tokenRunId: 'run-1', needClaim: false });

  it('takes the returned state for the truth, whole', () => {
    const checkpoint = { position: after('12'), generation: 2, rewindId: 'r2', token: 'new' };
    const folded = foldOutcome({ ...belief, needClaim: true }, { kind: 'ok', checkpoint, runId: 'run-2' });
    expect(folded).toEqual({ ...checkpoint, tokenRunId: 'run-2', needClaim: false });
  });

  it('does not keep the rewind of a generation that is gone', () => {
    const checkpoint = { position: after('12'), generation: 0, token: 'new' };
    expect(foldOutcome(belief, { kind: 'ok', checkpoint, runId: 'run-1' }).rewindId).toBeUndefined();
  });

  it('only leaves a claim to be made when fenced', () =>
    expect(foldOutcome(belief, { kind: 'fenced' })).toEqual({ ...belief, needClaim: true }));
});
