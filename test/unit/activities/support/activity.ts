import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ActivityCancellationDetails, noopMetricMeter } from '@temporalio/common';

export type CancelReason = ConstructorParameters<typeof ActivityCancellationDetails>[0];

export interface RunningActivity<Result> {
  readonly done: Promise<Result>;
  readonly heartbeats: unknown[];
  /** Level and message of each line the activity logged, with its fields. */
  readonly logged: { level: string; message: string; fields: unknown }[];
  cancel(reason: CancelReason): void;
}

/** Runs an activity in a context like the one a worker gives it. */
export function startActivity<Result>(
  activity: () => Promise<Result>,
  info: Partial<Info> = {},
  client?: Client,
): RunningActivity<Result> {
  const heartbeats: unknown[] = [];
  const logged: RunningActivity<Result>['logged'] = [];
  const note =
    (level: string) =>
    (message: string, fields?: unknown): void =>
      void logged.push({ level, message, fields });
  const logger = {
    log: (level: string, message: string, fields?: unknown) => note(level)(message, fields),
    trace: note('TRACE'),
    debug: note('DEBUG'),
    info: note('INFO'),
    warn: note('WARN'),
    error: note('ERROR'),
  };
  const controller = new AbortController();
  const cancellation: { details?: ActivityCancellationDetails } = {};
  const context = new Context(
    { activityId: '1', attempt: 1, taskQueue: 'queue', heartbeatTimeoutMs: 60_000, ...info } as Info,
    new Promise<never>(() => undefined),
    controller.signal,
    (details: unknown) => void heartbeats.push(details),
    client,
    logger,
    noopMetricMeter,
    cancellation,
  );
  const done = asyncLocalStorage.run(context, activity);
  done.catch(() => undefined);
  return {
    done,
    heartbeats,
    logged,
    cancel: (reason) => {
      cancellation.details = new ActivityCancellationDetails(reason);
      controller.abort();
    },
  };
}
