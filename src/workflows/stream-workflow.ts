/** The workflow that follows a stream: keeps one shard workflow running per readable shard. Deterministic. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { codeOf } from '../core/errors';
import { searchAttributeNames } from '../core/names';
import type {
  ControlRequest,
  ErrorNote,
  StopShardsResult,
  StreamStatus,
  StreamWorkflowInput,
  SyncResult,
} from '../core/shard-work';
import { describeStream } from '../core/stream-details';
import { activitiesWith } from './activity-proxies';
import { requireName, shardFinishedSignal, stopStreamUpdate, streamStatusQuery } from './messages';

const stateKey = defineSearchAttributeKey(searchAttributeNames.state, 'KEYWORD');

/**
 * Keeps the shards of one stream incarnation running for one consumer: lists them when a shard ends, and at the sync interval.
 * Update `stop` stops every shard, then this workflow. Fails when the stream is deleted or created anew.
 */
export async function tidemarkStream(input: StreamWorkflowInput): Promise<StopShardsResult> {
  const { stream, registration, searchAttributes } = input;
  let timing = input.carried?.lastSync?.timing ?? input.timing;
  let lastSync: SyncResult | undefined = input.carried?.lastSync;
  let lastError: ErrorNote | undefined;
  let stop: ControlRequest | undefined;
  let result: StopShardsResult | undefined;
  let listing: CancellationScope | undefined;
  let finished = 0;

  const status = (): StreamStatus => ({ stream, stopping: stop !== undefined, lastSync, lastError });
  setHandler(streamStatusQuery, status, { description: 'Shards of this consumer' });
  setHandler(shardFinishedSignal, () => void (finished += 1), { description: 'A shard has ended' });
  setHandler(
    stopStreamUpdate,
    async (request) => {
      stop ??= request;
      listing?.cancel();
      await condition(() => result !== undefined);
      return result ?? { stopped: 0 };
    },
    { description: 'Stops this consumer at its next commits', validator: requireName },
  );

  const show = (state: string): void => {
    setCurrentDetails(describeStream(status()));
    if (searchAttributes) upsertSearchAttributes([{ key: stateKey, value: state }]);
  };

  const sync = async (): Promise<void> => {
    if (stop !== undefined) return;
    const { syncShards } = activitiesWith(
      timing,
      `Sync: ${lastSync ? `${lastSync.listed} shards, ${lastSync.running} running` : 'first'}`,
    );
    listing = new CancellationScope();
    try {
      lastSync = await listing.run(() => syncShards({ stream, registration, searchAttributes }));
      timing = lastSync.timing;
      lastError = undefined;
    } catch (error) {
      // A stop does not wait until a listing succeeds, only until it has ended.
      if (stop !== undefined && isCancellation(error)) return;
      const cause = error instanceof ActivityFailure ? error.cause : undefined;
      const code = codeOf(cause);
      if (code === undefined) throw error;
      lastError = { code, message: cause?.message ?? code, atMs: Date.now() };
      show('FAILED');
      throw ApplicationFailure.nonRetryable(lastError.message, code);
    } finally {
      listing = undefined;
    }
  };

  if (!input.carried) show('READING');
  for (;;) {
    const finishedBefore = finished;
    await sync();
    setCurrentDetails(describeStream(status()));
    await condition(() => stop !== undefined || finished > finishedBefore, timing.shardSyncIntervalMs);
    if (stop !== undefined) {
      result = await activitiesWith(timing, 'Stop all shards').stopShards({ stream, request: stop });
      show('STOPPED');
      await condition(allHandlersFinished);
      return result;
    }
    if (isHistoryLong(input)) await continueAsNew<typeof tidemarkStream>({ ...input, timing, carried: { lastSync } });
  }
}

function isHistoryLong({ maxHistoryEvents }: StreamWorkflowInput): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (maxHistoryEvents ?? 1_000);
}
