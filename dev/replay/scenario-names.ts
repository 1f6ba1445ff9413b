/** Every path of the workflows whose histories are kept: one file per name and release. */
export const scenarioNames = [
  'idle',
  'busy',
  'stopped',
  'stopped-while-retrying',
  'shard-end',
  'shard-end-alone',
  'continue-as-new-run-1',
  'continue-as-new-run-2',
  'handler-failure',
  'worker-lost',
  'stream-deleted',
  'stream',
  'stream-continue-as-new-run-1',
  'stream-continue-as-new-run-2',
  'dead-lettered',
  'rejected',
  'record-kills-worker',
  'parked-retried',
  'parked-skipped',
  'parked-for-a-time',
  'parked-by-key',
  'stopped-by-policy',
  'stream-stopped-by-policy',
  'redrive',
] as const;

export type ScenarioName = (typeof scenarioNames)[number];
