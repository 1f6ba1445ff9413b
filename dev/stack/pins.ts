/** What the local stack is made of, in exact versions; docker-compose.yml repeats them (a unit test compares). */
export const TEMPORAL_CLI_VERSION = '1.9.1';
export const MINISTACK_VERSION = '1.5.33';

/** Search attributes that Tidemark's shard workflows set; the local Temporal server registers them at its start. */
export const SEARCH_ATTRIBUTES: Readonly<Record<string, string>> = {
  TidemarkConsumer: 'Keyword',
  TidemarkStream: 'Keyword',
  TidemarkShard: 'Keyword',
  TidemarkState: 'Keyword',
};

/** Server switches that deliver a cancellation to a running activity at once instead of at its next heartbeat. */
export const WORKER_COMMANDS_CONFIG: DynamicConfig = {
  'frontend.WorkerCommandsEnabled': true,
  'system.enableCancelActivityWorkerCommand': true,
};

export type DynamicConfig = Readonly<Record<string, string | number | boolean>>;

export const LOCAL_REGION = 'us-east-1';
export const LOCAL_ACCOUNT_ID = '000000000000';
/** Not a secret: the emulators take any. Not 12 digits long, which would choose another account. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
