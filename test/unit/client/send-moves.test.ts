import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { MovePreview } from '../../../src/client/move-preview';
import { sendMoves } from '../../../src/client/send-moves';
import { shardWorkflowId } from '../../../src/core/names';
import { StubClient, type StubWorkflow } from './stub-client';

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

it('says which shards were moved where one was not', async () => {
  const { client } = stub({ 'shard-1': { stop: 'moved' }, 'shard-2': { stop: refused }, 'shard-3': { stop: 'moved' } });
  await expect(
    sendMoves(
      client,
      stream,
      ['shard-1', 'shard-2', 'shard-3'].map((id) => preview(id)),
      ORDER,
    ),
  ).rejects.toMatchObject({
    code: 'MOVE_REFUSED',
    message: expect.stringMatching(
      /^Shard shard-2 was not moved, shard-1 shard-3 were: That is not back .*undo/,
    ) as string,
  });
});

it('says why where none was moved', async () => {
  const { client } = stub({ 'shard-1': { stop: refused } });
  await expect(sendMoves(client, stream, [preview('shard-1'), preview('shard-2')], ORDER)).rejects.toMatchObject({
    code: 'MOVE_REFUSED',
    message: expect.stringMatching(/^That is not back/) as string,
  });
});
