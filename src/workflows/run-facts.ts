import { CancellationScope, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { searchAttributeNames } from '../core/names';

const stateKey = defineSearchAttributeKey(searchAttributeNames.state, 'KEYWORD');

const MAX_HISTORY_EVENTS = 1_000;

/** Whether this run should continue as new: the server suggests it, or its history has as many events as replay should have to read. */
export function isHistoryLong({
  maxHistoryEvents = MAX_HISTORY_EVENTS,
}: {
  readonly maxHistoryEvents?: number;
}): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= maxHistoryEvents;
}

/** Sets the search attribute that tells the state. One history event. */
export function publishState(state: string): void {
  upsertSearchAttributes([{ key: stateKey, value: state }]);
}

/** A cancelled workflow has let its activity come to its end by now, and ends itself. */
export async function heedCancellation(): Promise<void> {
  const scope = CancellationScope.current();
  if (scope.consideredCancelled) await scope.cancelRequested;
}
