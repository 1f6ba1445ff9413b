import fc from 'fast-check';
import { planMove, type OrderedMove } from '../../../src/core/commit-protocol';
import {
  acceptMove,
  refuseDirection,
  refuseMoveRequest,
  refusePause,
  type Move,
  type MoveNote,
} from '../../../src/core/control';
import { comparePositions, TRIM_HORIZON, type Position } from '../../../src/core/positions';
import type { CheckpointRow } from '../../../src/core/checkpoint';
import { positions } from './arbitraries';

const isEdge = ({ at }: Position): boolean => at === 'TRIM_HORIZON';
const request = {
  kind: 'rewind',
  id: 'm',
  to: TRIM_HORIZON,
  requestedAtMs: 5_000,
  by: 'jane',
  reason: 'a bug',
} as const;
const after = (sequenceNumber: string): Position => ({ at: 'AFTER', sequenceNumber });
const move = (more: Partial<Move>): Move => ({ ...request, generation: 1, ...more });
const free = { move: undefined, isEnding: false };

describe('acceptMove', () => {
  it('gives a generation beyond what the workflow knows, and beyond every earlier request', () => {
    expect(acceptMove(request, 3).generation).toBe(5_000);
    expect(acceptMove(request, 7_000).generation).toBe(7_001);
  });

  it('C8: a workflow that was reset and remembers nothing gives two requests two generations', () => {
    const first = acceptMove(request, 0);
    const second = acceptMove({ ...request, id: 'n', requestedAtMs: 6_000 }, 0);
    expect(second.generation).not.toBe(first.generation);
  });
});

describe('planMove', () => {
  const ordered: OrderedMove = { id: 'm', to: TRIM_HORIZON, generation: 10 };
  const row = { position: after('5'), generation: 4, token: 't', fence: 7 } as CheckpointRow;
  it.each<[string, string | undefined, CheckpointRow | undefined, string]>([
    ['writes on the token of its input', 't', row, 'write'],
    ['C5: creates no row', 't', undefined, 'fenced'],
    ['C7: is not made on another row', 'u', row, 'fenced'],
    ['needs a token', undefined, row, 'fenced'],
    ['finds itself applied', 'u', { ...row, rewindId: 'm', generation: 10 }, 'applied'],
    [
      'finds itself applied where another has the generation',
      'u',
      { ...row, rewindId: 'm', generation: 12 },
      'applied',
    ],
    ['skewed clocks: gives way to a later generation', 't', { ...row, generation: 11, rewindId: 'x' }, 'superseded'],
    ['gives way to the same generation of another', 't', { ...row, generation: 10, rewindId: 'x' }, 'superseded'],
  ])('%s', (_, token, found, kind) => expect(planMove(ordered, token, found).kind).toBe(kind));

  it('keeps the fence', () => expect(planMove(ordered, 't', row)).toMatchObject({ next: { fence: 7, rewindId: 'm' } }));
});

describe('refuseMoveRequest', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['no name', { by: '' }, 'who makes it'],
    ['no reason', { reason: undefined }, 'say why'],
    ['another kind', { kind: 'jump' }, '`kind`'],
    ['no id', { id: '' }, '`id`'],
    ['no time', { requestedAtMs: 1.5 }, '`requestedAtMs`'],
    ['no position', { to: { at: 'AFTER', sequenceNumber: 'x' } }, '`to`'],
    ['a time to come', { to: { at: 'AT_TIMESTAMP', timestampMs: 5_001 } }, '`to`'],
    ['the end', { to: { at: 'SHARD_END' } }, '`to`'],
  ])('%s', (_, more, message) =>
    expect(refuseMoveRequest({ ...request, ...more }, free)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(message) as string,
    }),
  );

  it('takes one move at a time, and none while the shard is being stopped', () => {
    expect(refuseMoveRequest(request, free)).toBeUndefined();
    expect(refuseMoveRequest(request, { ...free, move: move({}) })).toMatchObject({ code: 'MOVE_REFUSED' });
    expect(refuseMoveRequest(request, { ...free, isEnding: true })).toMatchObject({ code: 'MOVE_REFUSED' });
    expect(refuseMoveRequest(undefined, free)).toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('refuseDirection', () => {
  it('never lets a rewind go forward nor a skip go back', () => {
    fc.assert(
      fc.property(positions, positions, fc.constantFrom('rewind' as const, 'skip' as const), (position, to, kind) => {
        fc.pre(to.at !== 'SHARD_END' && position.at !== 'SHARD_END');
        fc.pre((to.at === 'AT_TIMESTAMP') === (position.at === 'AT_TIMESTAMP') || isEdge(to) || isEdge(position));
        const order = comparePositions(to, position);
        const isRight = kind === 'rewind' ? order < 0 : order > 0;
        expect(refuseDirection(move({ kind, to }), { position }) === undefined).toBe(isRight);
      }),
    );
  });

  it.each<[string, Partial<Move>, Position, number | undefined, boolean]>([
    ['back to a time', { to: { at: 'AT_TIMESTAMP', timestampMs: 5 } }, after('9'), 10, true],
    ['on to a time that is ahead', { kind: 'skip', to: { at: 'AT_TIMESTAMP', timestampMs: 15 } }, after('9'), 10, true],
    [
      'on to a time that is passed',
      { kind: 'skip', to: { at: 'AT_TIMESTAMP', timestampMs: 5 } },
      after('9'),
      10,
      false,
    ],
    [
      'back to a time that lies ahead of a lagging shard',
      { to: { at: 'AT_TIMESTAMP', timestampMs: 15 } },
      after('9'),
      10,
      false,
    ],
    [
      'back to a time of a shard that has read nothing',
      { to: { at: 'AT_TIMESTAMP', timestampMs: 15 } },
      TRIM_HORIZON,
      undefined,
      false,
    ],
    [
      'back to a time where nobody knows when the last record came',
      { to: { at: 'AT_TIMESTAMP', timestampMs: 5 } },
      after('9'),
      undefined,
      false,
    ],
    [
      'back to a record that came before the time it stands at',
      { to: after('9'), arrivalMs: 10 },
      { at: 'AT_TIMESTAMP', timestampMs: 15 },
      undefined,
      true,
    ],
    [
      'back to a record that came after that time',
      { to: after('9'), arrivalMs: 20 },
      { at: 'AT_TIMESTAMP', timestampMs: 15 },
      undefined,
      false,
    ],
    [
      'on to a record that came before that time',
      { kind: 'skip', to: after('9'), arrivalMs: 10 },
      { at: 'AT_TIMESTAMP', timestampMs: 15 },
      undefined,
      false,
    ],
    [
      'on to a record that came after that time',
      { kind: 'skip', to: after('9'), arrivalMs: 20 },
      { at: 'AT_TIMESTAMP', timestampMs: 15 },
      undefined,
      true,
    ],
    ['anywhere of a finished shard', {}, { at: 'SHARD_END' }, undefined, false],
  ])('%s', (...row) => {
    const [, more, position, lastArrivalMs, isAllowed] = row;
    const at = { position, ...(lastArrivalMs === undefined ? {} : { lastArrivalMs }) };
    expect(refuseDirection(move(more), at) === undefined).toBe(isAllowed);
  });

  const rewound: MoveNote = {
    kind: 'rewind',
    id: 'm',
    from: after('9'),
    to: after('2'),
    atMs: 1,
    by: 'jane',
    isBack: true,
  };
  it.each<[string, Position, Position, MoveNote | undefined, string | undefined]>([
    ['undoes a rewind on its way', after('9'), after('4'), rewound, undefined],
    ['has nothing to undo', after('9'), after('4'), undefined, 'no move'],
    ['is too late', after('9'), after('9'), rewound, 'nothing left to undo'],
    ['is of another move', after('8'), after('4'), rewound, 'Another move'],
    [
      'undoes a skip wherever it has come to',
      after('2'),
      after('20'),
      { ...rewound, kind: 'skip', isBack: false, from: after('2'), to: after('9') },
      undefined,
    ],
  ])('an undo %s', (...row) => {
    const [, to, position, lastMove, message] = row;
    const refusal = refuseDirection(move({ kind: 'undo', to }), { position, ...(lastMove ? { lastMove } : {}) });
    if (message === undefined) expect(refusal).toBeUndefined();
    else expect(refusal?.message).toContain(message);
  });
});

it('a pause until a time that is over is refused', () => {
  expect(refusePause({ by: 'jane', untilMs: 5 }, 5)).toMatchObject({ code: 'INVALID_OPTION' });
  expect(refusePause({ by: 'jane', untilMs: 6 }, 5)).toBeUndefined();
  expect(refusePause({ by: 'jane', untilMs: 8.64e15 + 1 }, 5)).toMatchObject({ code: 'INVALID_OPTION' });
  expect(refusePause({ by: 'jane', untilMs: Infinity }, 5)).toMatchObject({ code: 'INVALID_OPTION' });
  expect(refusePause({ by: 'jane', reason: 5 }, 5)).toMatchObject({ code: 'INVALID_OPTION' });
});
