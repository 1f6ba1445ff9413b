import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { MovePreview } from '../../../src/client/move-preview';
import { sendMoves } from '../../../src/client/send-moves';
import { shardWorkflowId } from '../../../src/core/names';
import { refusedByTemporal, StubClient, type StubWorkflow } from './stub-client';

const stream = { consumer: 'delays', streamName: 'flights', streamArn: 'arn:flights', createdAtMs: 1_700_000_000_000 };
const ORDER = { by: 'ann', reason: 'a bug' };
const to = { at: 'TRIM_HORIZON' } as const;

const preview = (shardId: string, more: Partial<MovePreview> = {}): MovePreview => ({
  shardId,
  kind: 'rewind',
  from: { at: 'AFTER', sequenceNumber: '7' },
  to,
  warnings: [],
  ...more,
});

const stub = (workflows: Record<string, StubWorkflow>): StubClient =>
  new StubClient(
    Object.fromEntries(
      Object.entries(workflows).map(([shardId, workflow]) => [shardWorkflowId({ ...stream, shardId }), workflow]),
    ),
  );

const refused = new WorkflowUpdateFailedError(
  'no',
  ApplicationFailure.nonRetryable('That is not back', 'MOVE_REFUSED'),
);

it('moves what was not refused', async () => {
  const client = stub({ 'shard-1': { stop: 'moved 1' }, 'shard-2': { stop: 'moved 2' } });
  const previews = [preview('shard-1'), preview('shard-2', { refusal: 'no' }), preview('shard-3', { refusal: 'no' })];
  expect(await sendMoves(client.client, stream, previews, ORDER)).toEqual([{ shardId: 'shard-1', status: 'moved 1' }]);
  expect(client.calls.filter(({ operation }) => operation === 'update')).toMatchObject([
    { args: { name: 'moveCheckpoint', args: [{ kind: 'rewind', to, ...ORDER }] } },
  ]);
});

const unavailable = refusedByTemporal(14, 'connection reset');

it.each([
  ['was refused', refused, 'MOVE_REFUSED', 'That is not back'],
  ['cannot be reached', unavailable, 'TEMPORAL_UNAVAILABLE', unavailable.message],
  ['fails for another reason', new Error('of the codec'), 'INTERNAL', 'of the codec'],
])('says which shards were moved where one %s', async (_, stop, code, why) => {
  const { client } = stub({ a: { stop: 'moved' }, b: { stop }, c: { stop: 'moved' } });
  const moves = ['a', 'b', 'gone', 'c'].map((id) => preview(id));
  const start = `Moved: a c. Not confirmed: b gone. The first of these: ${why}`;
  await expect(sendMoves(client, stream, moves, ORDER)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(start) as string,
  });
});

it('names ten shards at most', async () => {
  const ids = Array.from({ length: 50 }, (_, index) => `s${index}`);
  const { client } = stub(Object.fromEntries(ids.map((id) => [id, { stop: 'moved' }])));
  const moves = [...ids, 'gone'].map((id) => preview(id));
  await expect(sendMoves(client, stream, moves, ORDER)).rejects.toThrow(
    'Moved: s0 s1 s2 s3 s4 s5 s6 s7 s8 s9 and 40 more. Not confirmed: gone. The first',
  );
});

it.each([Number.NaN, Infinity, -1])('refuses a timeoutMs of %d', async (timeoutMs) => {
  const { client } = stub({ a: { stop: 'moved' } });
  await expect(sendMoves(client, stream, [preview('a')], { ...ORDER, timeoutMs })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
});

it('says why where none was moved', async () => {
  const { client } = stub({ 'shard-1': { stop: refused } });
  await expect(sendMoves(client, stream, [preview('shard-1'), preview('shard-2')], ORDER)).rejects.toMatchObject({
    code: 'MOVE_REFUSED',
    message: expect.stringMatching(/^That is not back/) as string,
  });
});
