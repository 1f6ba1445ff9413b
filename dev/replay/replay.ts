import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../src/worker/workflow-source';

/** A history as the server gives it, or as JSON in Temporal's form. */
export interface NamedHistory {
  readonly workflowId: string;
  readonly history: unknown;
}

export interface ReplayFailure {
  readonly workflowId: string;
  readonly error: Error;
}

let runtime: Runtime | undefined;

/** Silences Temporal's own log in this process: what matters here is told by results. To be called before anything else of the worker. */
export function quietRuntime(): void {
  runtime ??= Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
  });
}

/** Replays histories against today's workflow code, without a server. Every one is tried; those that fail are returned. */
export async function replayAll(histories: readonly NamedHistory[]): Promise<ReplayFailure[]> {
  quietRuntime();
  const failures: ReplayFailure[] = [];
  const results = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories);
  for await (const { workflowId, error } of results) if (error) failures.push({ workflowId, error });
  return failures;
}
