/** What operators order a shard to do: pause, resume, moves of its checkpoint. */
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { MoveRequest, PauseRequest } from '../../src/core/control';
import type { Position } from '../../src/core/positions';
import type { ShardStatus } from '../../src/core/shard-work';
import { eventually } from '../support/eventually';
import { useWorkflowEnv } from '../support/workflow-env';
import { begun, play, resultOf, statusOf, stop } from './scene';
import { commits, halts, handlerFails, isCancelledWithoutState, readsUntilStopped } from './scripted-shard';

const openLab = useWorkflowEnv();
const JANE = { by: 'jane', reason: 'maintenance' };
const AFTER_2: Position = { at: 'AFTER', sequenceNumber: '2' };
const AFTER_3: Position = { at: 'AFTER', sequenceNumber: '3' };
const FROM_1: Position = { at: 'FROM', sequenceNumber: '1' };

function pause(handle: WorkflowHandle, more: Partial<PauseRequest> = {}): Promise<ShardStatus> {
  return handle.executeUpdate('pause', { args: [{ ...JANE, scope: 'shard', ...more }] });
}

function resume(handle: WorkflowHandle, scope = 'shard'): Promise<ShardStatus> {
  return handle.executeUpdate('resume', { args: [{ ...JANE, scope }] });
}

function move(handle: WorkflowHandle, to: Position, more: Partial<MoveRequest> = {}): Promise<ShardStatus> {
  const request = { ...JANE, kind: 'rewind', id: 'move-1', to, requestedAtMs: 1_000, ...more };
  return handle.executeUpdate('moveCheckpoint', { args: [request] });
}

async function refusal(answer: Promise<unknown>): Promise<unknown> {
  const error: unknown = await answer.catch((reason: unknown) => reason);
  return error instanceof WorkflowUpdateFailedError ? error.cause : error;
}

/** How often the workflow has begun a slice stays the same while it is paused: nothing is awaited for luck, a timer would have to fire. */
async function isStill(handle: WorkflowHandle, slices: number): Promise<void> {
  for (let look = 0; look < 5; look += 1) expect((await statusOf(handle)).slices).toBe(slices);
}

describe('a pause', () => {
  it('ends the slice at a commit, says who and why, and lasts until it is resumed', async () => {
    const { handle, shard } = await play(openLab(), [commits(1), readsUntilStopped], { searchAttributes: true });
    await begun(shard, 2);
    const paused = await pause(handle);
    expect(paused).toMatchObject({ phase: 'PAUSED', position: AFTER_2, pause: { ...JANE, scope: 'shard' } });
    await isStill(handle, 2);
    expect((await handle.describe()).searchAttributes).toMatchObject({ TidemarkState: ['PAUSED'] });
    expect(await resume(handle)).toMatchObject({ phase: 'READING' });
    await begun(shard, 3);
    expect((await statusOf(handle)).recentEvents).toMatchObject([
      { kind: 'paused', ...JANE },
      { kind: 'resumed', ...JANE },
    ]);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED' });
    expect(shard.problems).toEqual([]);
  });

  it('ends by itself when its time is over', async () => {
    const { handle, shard } = await play(openLab(), [readsUntilStopped]);
    await begun(shard, 1);
    await pause(handle, { untilMs: Date.now() + 1_500 });
    await begun(shard, 2);
    expect((await statusOf(handle)).recentEvents?.at(-1)).toMatchObject({ kind: 'resumed', by: 'Tidemark' });
    await stop(handle);
  });

  it('survives continue-as-new, and a stop ends it', async () => {
    const { handle, shard } = await play(openLab(), [commits(1), readsUntilStopped], { maxHistoryEvents: 10 });
    await begun(shard, 2);
    await pause(handle);
    await eventually(async () => (await statusOf(handle)).phase === 'PAUSED', { what: 'the pause' });
    expect(await statusOf(handle)).toMatchObject({ pause: JANE });
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED' });
    expect(await resultOf(handle)).toMatchObject({ phase: 'STOPPED' });
  });

  it('interrupts the wait of a failing batch, and a parked shard, which is parked again after it', async () => {
    const { handle, shard } = await play(openLab(), [handlerFails(600_000), halts(), readsUntilStopped]);
    await begun(shard, 1);
    expect(await pause(handle)).toMatchObject({ phase: 'PAUSED', failures: 1 });
    expect(await resume(handle)).toMatchObject({ phase: 'RETRYING' });
    await eventually(async () => (await statusOf(handle)).phase === 'PARKED', { what: 'parking' });
    expect(await pause(handle)).toMatchObject({ phase: 'PAUSED' });
    expect(await refusal(handle.executeUpdate('retryParked', { args: [JANE] }))).toMatchObject({ type: 'NOT_PARKED' });
    expect(await resume(handle)).toMatchObject({ phase: 'PARKED' });
    await stop(handle);
  });

  it('of a shard outlasts that of its consumer', async () => {
    const { handle, shard } = await play(openLab(), [readsUntilStopped]);
    await begun(shard, 1);
    await pause(handle);
    await pause(handle, { scope: 'consumer', by: 'ops' });
    expect(await resume(handle, 'consumer')).toMatchObject({ phase: 'PAUSED', pause: JANE });
    await resume(handle);
    await pause(handle, { scope: 'consumer' });
    expect(await resume(handle, 'consumer')).toMatchObject({ phase: 'READING' });
    await stop(handle);
  });

  it('takes the place of an earlier one of the same scope, and lasts beside one of the other', async () => {
    const { handle, shard } = await play(openLab(), [readsUntilStopped]);
    await begun(shard, 1);
    const soon = Date.now() + 1_000;
    await pause(handle, { scope: 'consumer', untilMs: soon });
    await pause(handle, { scope: 'consumer', untilMs: soon + 3_600_000 });
    await pause(handle, { untilMs: soon });
    await eventually(() => Date.now() > soon + 1_000, { what: 'the time to be over' });
    expect(await statusOf(handle)).toMatchObject({ phase: 'PAUSED', pause: { scope: 'consumer' } });
    await resume(handle, 'consumer');
    await begun(shard, 2);
    await stop(handle);
  });

  it('of a consumer is there from the start of a new shard', async () => {
    const given = { ...JANE, scope: 'consumer', atMs: 1 } as const;
    const { handle, shard } = await play(openLab(), [readsUntilStopped], { pause: given });
    await eventually(async () => (await statusOf(handle)).phase === 'PAUSED', { what: 'the pause' });
    expect(shard.inputs).toEqual([]);
    await resume(handle, 'consumer');
    await begun(shard, 1);
    await stop(handle);
  });

  it.each([
    ['without a name', { by: '' }, /who makes it/],
    ['until a time that is over', { untilMs: 1 }, /in the future/],
    ['until something that is no time', { untilMs: NaN }, /in the future/],
  ])('%s is refused', async (_, more, message) => {
    const { handle } = await play(openLab(), [readsUntilStopped]);
    expect(await refusal(pause(handle, more))).toMatchObject({
      type: 'INVALID_OPTION',
      message: expect.stringMatching(message) as string,
    });
    await stop(handle);
  });
});

describe('a move of the checkpoint', () => {
  it('has the shard read elsewhere, under a generation of its own, and is undone', async () => {
    const { handle, shard } = await play(openLab(), [commits(1), readsUntilStopped]);
    await begun(shard, 2);
    const moved = await move(handle, FROM_1);
    expect(moved).toMatchObject({
      position: FROM_1,
      generation: 1_000,
      lastMove: { from: AFTER_2, to: FROM_1, ...JANE },
    });
    await begun(shard, 3);
    expect(shard.inputs[2]?.belief).toMatchObject({ position: FROM_1, generation: 1_000, rewindId: 'move-1' });
    const undone = await move(handle, AFTER_2, { kind: 'undo', id: 'move-2' });
    expect(undone).toMatchObject({ position: AFTER_2, generation: 1_001 });
    expect(undone.recentEvents).toMatchObject([
      { kind: 'moved', how: 'rewind', from: 'AFTER 2', to: 'FROM 1', ...JANE },
      { kind: 'moved', how: 'undo', from: expect.stringContaining('AFTER') as string, to: 'AFTER 2' },
    ]);
    await stop(handle);
    expect(shard.problems).toEqual([]);
  });

  it('that is sent again is made once', async () => {
    const { handle, shard } = await play(openLab(), [commits(2), readsUntilStopped]);
    await begun(shard, 2);
    await move(handle, FROM_1);
    expect(await move(handle, FROM_1)).toMatchObject({ generation: 1_000 });
    expect(shard.moves).toHaveLength(1);
    await stop(handle);
  });

  it('claims before it where the slice has told nothing, and again as often as it is fenced', async () => {
    const { handle, shard } = await play(openLab(), [commits(2), isCancelledWithoutState, readsUntilStopped]);
    await begun(shard, 2);
    shard.fencedMoves = 2;
    expect(await move(handle, FROM_1)).toMatchObject({ position: FROM_1, lastMove: { from: AFTER_3 } });
    expect(shard.moves.map(({ move: { from } }) => from)).toEqual([AFTER_3, AFTER_3, AFTER_3]);
    expect(shard.claims).toBe(3);
    expect(new Set(shard.moves.map(({ move: { id, generation } }) => `${id} ${generation}`)).size).toBe(1);
    expect(shard.moves.map(({ activitySeq }) => activitySeq)).toEqual([4, 6, 8]);
    await stop(handle);
  });

  it('that is under way does not keep a cancelled workflow from its end', async () => {
    const { handle, shard } = await play(openLab(), [commits(2), readsUntilStopped]);
    await begun(shard, 2);
    shard.movesHang = true;
    const answer = refusal(move(handle, FROM_1));
    await eventually(() => shard.moves.length === 1, { what: 'the move', timeoutMs: 30_000 });
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    await answer;
  });

  it('leaves a paused shard paused, and a parked one reading', async () => {
    const { handle, shard } = await play(openLab(), [commits(2), halts(), readsUntilStopped]);
    await eventually(async () => (await statusOf(handle)).phase === 'PARKED', { what: 'parking' });
    await pause(handle);
    const moved = await move(handle, FROM_1);
    expect(moved).toMatchObject({ phase: 'PAUSED', position: FROM_1 });
    expect(moved.halt).toBeUndefined();
    expect(await resume(handle)).toMatchObject({ phase: 'READING' });
    await begun(shard, 3);
    await stop(handle);
  });

  it.each<[string, Position, Partial<MoveRequest>, string, RegExp]>([
    ['back to what lies ahead', { at: 'AFTER', sequenceNumber: '9' }, {}, 'MOVE_REFUSED', /not back.*AFTER 3/],
    ['forward to what is committed', FROM_1, { kind: 'skip' }, 'MOVE_REFUSED', /not forward/],
    ['undone where nothing was moved', FROM_1, { kind: 'undo' }, 'MOVE_REFUSED', /no move to undo/],
    ['to the end of the shard', { at: 'SHARD_END' }, {}, 'INVALID_OPTION', /before the end/],
    ['without a reason', FROM_1, { reason: undefined }, 'INVALID_OPTION', /why/],
  ])('%s is refused, and the shard reads on', async (...row) => {
    const [, to, more, type, message] = row;
    const { handle, shard } = await play(openLab(), [commits(2), readsUntilStopped]);
    await begun(shard, 2);
    expect(await refusal(move(handle, to, more))).toMatchObject({
      type,
      message: expect.stringMatching(message) as string,
    });
    expect(shard.moves).toEqual([]);
    await stop(handle);
    expect(shard.problems).toEqual([]);
  });
});
