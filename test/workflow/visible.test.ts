import type { WorkflowHandle } from '@temporalio/client';
import { eventually } from '../support/eventually';
import { SHARD_ID, useWorkflowEnv } from '../support/workflow-env';
import { begun, play, REQUEST, resultOf, stop, syncResult } from './scene';
import { commits, endsShard, handlerFails, readsUntilStopped } from './scripted-shard';

const openLab = useWorkflowEnv();

interface Metadata {
  readonly currentDetails?: string;
  readonly definition?: {
    readonly updateDefinitions?: readonly { readonly name: string; readonly description: string }[];
  };
}

const metadataOf = (handle: WorkflowHandle): Promise<Metadata> =>
  handle.query<Metadata>('__temporal_workflow_metadata');

/** Summary lines of the activities that a history shows. */
async function activitySummaries(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ userMetadata, activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled ? [JSON.parse(Buffer.from(userMetadata?.summary?.data ?? '""').toString()) as string] : [],
  );
}

async function searchAttributesOf(handle: WorkflowHandle): Promise<Record<string, unknown>> {
  const { typedSearchAttributes } = await handle.describe();
  const ours = typedSearchAttributes.getAll().filter(({ key }) => key.name.startsWith('Tidemark'));
  return Object.fromEntries(ours.map(({ key, value }) => [key.name, value]));
}

describe('a shard workflow shows in the Web UI', () => {
  it('what it waits for, and nothing that waits all the time', async () => {
    const { shard, handle } = await play(openLab(), [commits(1), readsUntilStopped]);
    await begun(shard, 2);
    const callStack = await handle.query<string>('__stack_trace');
    expect(callStack).toContain('takeTurn');
    expect(callStack).not.toContain('new Interruptible');
    await stop(handle);
  });

  it('what it reads, where it stands, and what each activity does', async () => {
    const { lab, shard, handle } = await play(openLab(), [commits(1_200), readsUntilStopped]);
    await begun(shard, 2);
    const description = await handle.describe();
    expect(await description.staticSummary()).toBe(`c: ${lab.stream.streamName} ${SHARD_ID}`);
    expect(await description.staticDetails()).toContain(`Reads shard \`${SHARD_ID}\` for consumer **c**`);
    const { currentDetails, definition } = await metadataOf(handle);
    expect(currentDetails?.split('\n')).toEqual([
      '- **State**: **READING**',
      '- **Position**: `AFTER 1200`',
      '- **Lag**: 1.5 s',
      expect.stringMatching(/^- \*\*Committed\*\*: 1,200 records/),
      '- **Last commit**: 2023-11-14T22:13:20.000Z',
      '- **Worker**: `worker-a:1`',
    ]);
    expect(definition?.updateDefinitions).toEqual([
      expect.objectContaining({ name: 'pause' }),
      expect.objectContaining({ name: 'resume' }),
      expect.objectContaining({ name: 'moveCheckpoint' }),
      expect.objectContaining({ name: 'stop', description: 'Stops this shard at its next commit' }),
      expect.objectContaining({ name: 'retryParked', description: 'Tries again what is parked' }),
      expect.objectContaining({ name: 'skipParked' }),
    ]);
    expect(await activitySummaries(handle)).toEqual([
      'Slice 1: read TRIM_HORIZON; so far 0 records in 0 batches',
      expect.stringMatching(/^Slice 2: read after …1200; so far 1,200 records in /),
    ]);
    await stop(handle);
  });

  it('a failing handler: state, count and message', async () => {
    const { handle } = await play(openLab(), [handlerFails(3_600_000)]);
    const details = await eventually(async () => {
      const { currentDetails = '' } = await metadataOf(handle);
      return currentDetails.includes('RETRYING') && currentDetails;
    });
    expect(details).toContain('- **State**: **RETRYING** (failed 1 times in a row)');
    expect(details).toContain('- **Last error**: `HANDLER_FAILED` at 2023-11-14T22:13:20.000Z: the handler failed, 1');
  });

  it('the same search attributes and details after continue-as-new, where Temporal drops the static summary', async () => {
    const { shard, handle } = await play(openLab(), [commits(1), commits(1), readsUntilStopped], {
      searchAttributes: true,
      maxHistoryEvents: 5,
    });
    await begun(shard, 3);
    expect(new Set(shard.runIds).size).toBe(3);
    expect(await searchAttributesOf(handle)).toMatchObject({
      TidemarkConsumer: 'c',
      TidemarkShard: SHARD_ID,
      TidemarkState: 'READING',
    });
    expect((await metadataOf(handle)).currentDetails).toContain('**READING**');
  });
});

describe('search attributes', () => {
  it('follow the state of a shard where the namespace has them', async () => {
    const { lab, handle } = await play(openLab(), [commits(1), commits(1), endsShard], { searchAttributes: true });
    await resultOf(handle);
    expect(await searchAttributesOf(handle)).toEqual({
      TidemarkConsumer: 'c',
      TidemarkStream: lab.stream.streamName,
      TidemarkShard: SHARD_ID,
      TidemarkState: 'FINISHED',
    });
    // One upsert per change of state, not one per slice.
    expect(await upserts(handle)).toBe(2);
  });

  it('are left alone where it has not', async () => {
    const { handle } = await play(openLab(), [commits(1), endsShard]);
    await resultOf(handle);
    expect(await upserts(handle)).toBe(0);
    expect(await searchAttributesOf(handle)).toEqual({});
  });
});

describe('a stream workflow shows in the Web UI', () => {
  it('its shards, its listings, and that it was stopped', async () => {
    const lab = openLab();
    await lab.startWorker({
      syncShards: async () => syncResult({ expiredCount: 1, expired: ['shard-x'] }),
      stopShards: async () => ({ stopped: 2 }),
    });
    const handle = await lab.startStream({ searchAttributes: true });
    const details = await eventually(async () => {
      const { currentDetails = '' } = await metadataOf(handle);
      return currentDetails.includes('4 listed') && currentDetails;
    });
    expect(details).toContain('- **Shards**: 4 listed, 2 being read, 1 waiting for their parents, 1 finished');
    expect(details).toContain('- **Taken by retention before they were finished**: 1 (shard-x)');
    expect(await (await handle.describe()).staticSummary()).toBe(`c: stream ${lab.stream.streamName}`);
    expect(await searchAttributesOf(handle)).toMatchObject({ TidemarkConsumer: 'c', TidemarkState: 'READING' });
    await handle.executeUpdate('stop', { args: [REQUEST] });
    expect(await searchAttributesOf(handle)).toMatchObject({ TidemarkState: 'STOPPED' });
    expect(await activitySummaries(handle)).toEqual(['Sync: first', 'Stop all shards']);
  });
});

async function upserts(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => upsert).length;
}
