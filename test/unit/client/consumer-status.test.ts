import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import { reportShards, reportStream, type ShardReport } from '../../../src/client/consumer-status';
import type { CheckpointRow } from '../../../src/core/checkpoint';
import { checkpointKey, shardWorkflowId, streamWorkflowId } from '../../../src/core/names';
import type { FailureStreak } from '../../../src/core/failure-policy';
import { SHARD_END, TRIM_HORIZON, type Position } from '../../../src/core/positions';
import type { ShardStatus } from '../../../src/core/shard-work';
import { StubClient, type StubWorkflow } from './stub-client';

const STREAM = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1_000 };
const SHARD_ID = 'shardId-000000000000';
const AT_5: Position = { at: 'AFTER', sequenceNumber: '5' };
const AT_9: Position = { at: 'AFTER', sequenceNumber: '9' };

function rowAt(position: Position, more: Partial<CheckpointRow> = {}): CheckpointRow {
  return {
    position,
    generation: 0,
    token: 'token',
    totals: { records: 50, bytes: 500, batches: 5 },
    committedAtMs: 7_000,
    millisBehindLatest: 70,
    revision: 1,
    writer: { runId: 'run', activityId: '1', activitySeq: 1, attempt: 1 },
    workflowId: 'workflow',
    parentShardIds: [],
    ...more,
  };
}

function statusAt(position: Position, more: Partial<ShardStatus> = {}): ShardStatus {
  return {
    shardId: SHARD_ID,
    phase: 'READING',
    position,
    generation: 0,
    progress: { totals: { records: 90, bytes: 900, batches: 9 }, committedAtMs: 9_000, millisBehindLatest: 90 },
    failures: 0,
    slices: 3,
    worker: 'worker-of-last-slice',
    ...more,
  };
}

async function report(row: CheckpointRow | undefined, workflow: StubWorkflow | undefined): Promise<ShardReport> {
  const store = new MemoryCheckpointStore();
  const shard = { ...STREAM, shardId: SHARD_ID };
  if (row) store.rows.set(checkpointKey(shard).pk, row);
  const { client } = new StubClient(workflow ? { [shardWorkflowId(shard)]: workflow } : {});
  const [shown] = await reportShards(client, STREAM, [{ shardId: SHARD_ID, start: TRIM_HORIZON }], store);
  if (!shown) throw new Error('nothing was reported');
  return shown;
}

const away = new Error('no worker answers');
const bad = { code: 'HANDLER_FAILED', message: 'bad', atMs: 1 } as const;

describe('state', () => {
  const table: [string, CheckpointRow | undefined, StubWorkflow | undefined, Partial<ShardReport>][] = [
    [
      'finished: the row says so, whatever the workflow',
      rowAt(SHARD_END),
      { query: away },
      { state: 'FINISHED', records: 50 },
    ],
    [
      'waiting for parents: no row, no workflow',
      undefined,
      undefined,
      { state: 'WAITING', position: TRIM_HORIZON, records: 0 },
    ],
    ['not running: a row, no workflow', rowAt(AT_5), undefined, { state: 'NOT_RUNNING', position: AT_5 }],
    ['stopped', rowAt(AT_5), { status: 'COMPLETED' }, { state: 'STOPPED', position: AT_5 }],
    ['terminated', rowAt(AT_5), { status: 'TERMINATED' }, { state: 'NOT_RUNNING' }],
    ['cancelled', rowAt(AT_5), { status: 'CANCELLED' }, { state: 'NOT_RUNNING' }],
    ['no worker answers', rowAt(AT_5), { query: away }, { state: 'NO_WORKER', position: AT_5, records: 50 }],
    ['starting', undefined, { query: statusAt(TRIM_HORIZON, { phase: 'STARTING' }) }, { state: 'STARTING' }],
    ['reading', rowAt(AT_9), { query: statusAt(AT_9), activity: {} }, { state: 'READING', failures: 0 }],
    ['reading between two slices', rowAt(AT_9), { query: statusAt(AT_9) }, { state: 'READING', failures: 0 }],
    [
      'the handler fails',
      rowAt(AT_9),
      { query: statusAt(AT_9, { phase: 'RETRYING', failures: 4, lastError: bad }) },
      { state: 'RETRYING', failures: 4 },
    ],
    [
      'the activity waits for its next attempt',
      rowAt(AT_9),
      { query: statusAt(AT_9), activity: { attempt: 3, isScheduled: true } },
      { state: 'RETRYING', failures: 2 },
    ],
    [
      'another worker has taken over from a dead one',
      rowAt(AT_9),
      { query: statusAt(AT_9), activity: { attempt: 2 } },
      { state: 'READING' },
    ],
    [
      'the activity waits for Kinesis',
      rowAt(AT_9),
      { query: statusAt(AT_9), activity: { heartbeat: { waitingFor: 'KINESIS_UNAVAILABLE' } } },
      { state: 'RETRYING', failures: 0 },
    ],
    [
      'the activity waits for nothing',
      rowAt(AT_9),
      { query: statusAt(AT_9), activity: { heartbeat: { position: 'x' } } },
      { state: 'READING' },
    ],
  ];

  it.each(table)('%s', async (_, row, workflow, expected) => {
    expect(await report(row, workflow)).toMatchObject({ shardId: SHARD_ID, ...expected });
  });
});

describe('position and totals', () => {
  it.each([
    ['are the row’s where it is ahead: a slice commits many batches', AT_9, AT_5, { position: AT_9, records: 50 }],
    ['are the row’s where both agree', AT_9, AT_9, { position: AT_9, records: 50 }],
    ['are the workflow’s where the row was restored', AT_5, AT_9, { position: AT_9, records: 90 }],
  ])('%s', async (_, ofRow, ofWorkflow, expected) => {
    expect(await report(rowAt(ofRow), { query: statusAt(ofWorkflow) })).toMatchObject(expected);
  });

  it('are the workflow’s in a higher generation, also behind the row: a rewind', async () => {
    const shown = await report(rowAt(AT_9), { query: statusAt(AT_5, { generation: 2 }) });
    expect(shown).toMatchObject({ position: AT_5, committedAtMs: 9_000, millisBehindLatest: 90 });
  });

  it('are unknown where neither table nor worker was asked', async () => {
    const shard = { ...STREAM, shardId: SHARD_ID };
    const { client } = new StubClient({ [shardWorkflowId(shard)]: { query: away } });
    const [shown] = await reportShards(client, STREAM, [{ shardId: SHARD_ID }], undefined);
    expect(shown).toMatchObject({ state: 'NO_WORKER', position: undefined, records: 0 });
  });
});

describe('what has failed', () => {
  const streak: FailureStreak = {
    position: AT_5,
    through: '40',
    records: 35,
    failures: 3,
    deaths: 0,
    phase: 'cut',
    error: { code: 'HANDLER_FAILED', message: 'bad' },
  };
  const failing = { phase: 'RETRYING', failures: 3, lastError: bad, streak } as const;
  const mark = { isRunning: true, runId: 'run', activitySeq: 1, attempt: 1 };

  it('is what the workflow knows where the row is no further', async () => {
    const row = rowAt(AT_5, { trial: { ...mark, streak: { ...streak, failures: 2 } } });
    expect(await report(row, { query: statusAt(AT_5, failing) })).toMatchObject({
      state: 'RETRYING',
      failures: 3,
      streak,
      lastError: bad,
    });
  });

  it('is what the row says is left of it where the slice under way is further', async () => {
    const left = { ...streak, position: AT_9, records: 31 };
    const shown = await report(rowAt(AT_9, { trial: { ...mark, streak: left } }), { query: statusAt(AT_5, failing) });
    expect(shown).toMatchObject({ state: 'RETRYING', failures: 3, streak: left });
  });

  it('is nothing once the slice under way has got past it', async () => {
    const shown = await report(rowAt(AT_9), { query: statusAt(AT_5, failing) });
    expect(shown).toMatchObject({ state: 'READING', failures: 0 });
    expect([shown.streak, shown.lastError]).toEqual([undefined, undefined]);
  });

  it('and parked is told by the workflow: the row has none of it', async () => {
    const halt = { how: 'park', sequenceNumber: '6', sinceMs: 8_000 } as const;
    const recentEvents = [{ kind: 'fenced', atMs: 1 }] as const;
    const parked = {
      phase: 'PARKED',
      lastError: bad,
      streak: { ...streak, phase: 'final' },
      halt,
      recentEvents,
    } as const;
    const shown = await report(rowAt(AT_5), { query: statusAt(AT_5, parked) });
    expect(shown).toMatchObject({ state: 'PARKED', halt, recentEvents, streak: { phase: 'final' }, lastError: bad });
  });

  it('and at risk is told by the workflow, with what the row knows since', async () => {
    const hourMs = 3_600_000;
    const retention = {
      atMs: Date.now() - hourMs,
      retentionMs: 24 * hourMs,
      warnPercent: 50,
      safeSinceMs: Date.now() - 18 * hourMs,
      isAtRisk: true,
    };
    const shown = await report(rowAt(AT_9), { query: statusAt(AT_5, { retention }) });
    expect(shown.retention).toMatchObject({ usedPercent: 75, isAtRisk: true });
    const row = rowAt(AT_9, { lastArrivalMs: Date.now() - 6 * hourMs });
    const later = await report(row, { query: statusAt(AT_5, { retention }) });
    expect(later.retention).toMatchObject({ usedPercent: 25, isAtRisk: false });
  });

  it('and set aside is counted by the row, or by the workflow where it is ahead', async () => {
    const totals = { records: 50, bytes: 500, batches: 5, filtered: 7, deadLettered: 2 };
    const row = rowAt(AT_9, { totals, parkedKeys: 3 });
    expect(await report(row, { query: statusAt(AT_9) })).toMatchObject({ totals, parkedKeys: 3 });
    expect(await report(row, { status: 'COMPLETED' })).toMatchObject({ state: 'STOPPED', totals, parkedKeys: 3 });
    const progress = { totals: { ...totals, deadLettered: 4 }, parkedKeys: 1 };
    expect(await report(undefined, { query: statusAt(AT_9, { progress }) })).toMatchObject(progress);
  });
});

describe('the last error', () => {
  async function lastError(workflow: StubWorkflow): Promise<ShardReport['lastError']> {
    return (await report(rowAt(AT_5), workflow)).lastError;
  }

  it('is that of the activity under way, before what the workflow heard last; with what to do', async () => {
    const failure = { message: 'table', type: 'TABLE_NOT_FOUND' };
    const query = statusAt(AT_5, { lastError: bad });
    expect(await lastError({ query, activity: { attempt: 2, failure } })).toMatchObject({
      code: 'TABLE_NOT_FOUND',
      message: 'table',
      hint: expect.stringContaining('tidemark table create'),
    });
  });

  it('is what the workflow heard last', async () => {
    expect(await lastError({ query: statusAt(AT_5, { lastError: bad }), activity: {} })).toMatchObject(bad);
  });

  it('is shown without a worker, too', async () => {
    const activity = { attempt: 9, failure: { message: 'gone', type: 'ACCESS_DENIED' } };
    expect(await lastError({ query: away, activity })).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('of an attempt that timed out is no defect of Tidemark: its worker died or was frozen', async () => {
    const failure = { message: 'activity Heartbeat timeout', timeout: true };
    expect(await lastError({ query: statusAt(AT_5), activity: { attempt: 2, failure } })).toMatchObject({
      code: 'OWNERSHIP_EXPIRED',
      message: 'activity Heartbeat timeout',
    });
  });

  it('is none where an operator paused the activity', async () => {
    const failure = { message: 'Paused by an operator', type: 'PAUSED' };
    expect(await lastError({ query: statusAt(AT_5), activity: { attempt: 2, failure } })).toBeUndefined();
  });

  it('that has no code of Tidemark is unexpected', async () => {
    const activity = { attempt: 2, failure: { message: 'worker shut down', type: 'WorkerShutdown' } };
    expect(await lastError({ query: statusAt(AT_5), activity })).toMatchObject({ code: 'INTERNAL' });
  });

  it('with a code of a later version does not break the report', async () => {
    const query = statusAt(AT_5, { lastError: { ...bad, code: 'FROM_THE_FUTURE' as 'INTERNAL' } });
    expect(await lastError({ query })).toMatchObject({ code: 'FROM_THE_FUTURE', hint: expect.any(String) });
  });

  it('of a workflow that failed is why it failed', async () => {
    const cause = ApplicationFailure.nonRetryable('The stream no longer lists this shard', 'SHARD_NOT_FOUND');
    const result = new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE');
    expect(await report(rowAt(AT_5), { status: 'FAILED', result })).toMatchObject({
      state: 'FAILED',
      position: AT_5,
      lastError: { code: 'SHARD_NOT_FOUND', message: 'The stream no longer lists this shard' },
    });
  });

  it('of a shard whose policy is to stop is the record that failed, and what to do', async () => {
    const cause = ApplicationFailure.nonRetryable('Record 6 failed for good after 5 attempts', 'RECORD_FAILED');
    const result = new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE');
    expect(await lastError({ status: 'FAILED', result })).toMatchObject({
      code: 'RECORD_FAILED',
      message: 'Record 6 failed for good after 5 attempts',
      hint: expect.stringContaining('start the consumer again') as string,
    });
  });

  it('of a failed workflow that was started again meanwhile is none', async () => {
    expect(await lastError({ status: 'FAILED', result: new Error('deadline exceeded') })).toBeUndefined();
  });
});

it('shows the worker of the activity under way, else that of the last slice', async () => {
  expect((await report(undefined, { query: statusAt(AT_5), activity: { worker: 'now' } })).worker).toBe('now');
  expect((await report(undefined, { query: statusAt(AT_5) })).worker).toBe('worker-of-last-slice');
});

it('reports shards in the order asked for', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `shardId-${index}`);
  const shown = await reportShards(
    new StubClient().client,
    STREAM,
    ids.map((shardId) => ({ shardId })),
    undefined,
  );
  expect(shown.map(({ shardId }) => shardId)).toEqual(ids);
});

it('fails with what Temporal says when it cannot be asked at all', async () => {
  const stub = new StubClient();
  stub.workflows[shardWorkflowId({ ...STREAM, shardId: SHARD_ID })] = {
    get status(): string {
      throw new Error('unavailable');
    },
  };
  await expect(reportShards(stub.client, STREAM, [{ shardId: SHARD_ID }], undefined)).rejects.toThrow('unavailable');
});

describe('the stream workflow', () => {
  const lastSync = { listed: 4 };
  it.each([
    ['does not exist', undefined, { state: 'NOT_STARTED' }],
    ['has failed', { status: 'FAILED' }, { state: 'FAILED' }],
    ['runs', { query: { lastSync } }, { state: 'RUNNING', lastSync }],
    ['runs without a worker', { query: away }, { state: 'RUNNING' }],
  ] as [string, StubWorkflow | undefined, object][])('%s', async (_, workflow, expected) => {
    const { client } = new StubClient(workflow ? { [streamWorkflowId(STREAM)]: workflow } : {});
    expect(await reportStream(client, STREAM)).toEqual(expected);
  });
});
