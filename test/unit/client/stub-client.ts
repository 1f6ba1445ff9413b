import { ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter } from '@temporalio/common';

/** One workflow as a stub client shows it. A function is called; an error is thrown. */
export interface StubWorkflow {
  status?: string;
  activity?: StubActivity;
  query?: unknown;
  /** What an update comes to. */
  stop?: unknown;
  /** Whether an update is accepted: an error refuses it. */
  accept?: unknown;
  result?: unknown;
  memo?: Record<string, unknown>;
}

export interface StubActivity {
  attempt?: number;
  /** Default: a worker has it. */
  isScheduled?: boolean;
  worker?: string;
  failure?: { message: string; type?: string; timeout?: boolean };
  heartbeat?: unknown;
}

export interface StubCall {
  readonly operation: string;
  readonly workflowId: string;
  readonly args: unknown;
}

/** As Temporal's client tells of what the server has answered a query with. */
export function refusedByTemporal(code: number, details: string): ServiceError {
  const cause = Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}

/** A Temporal client over workflows that a test describes; notes what was asked of them. */
export class StubClient {
  readonly calls: StubCall[] = [];
  readonly deadlines: number[] = [];
  readonly queries: string[] = [];

  constructor(readonly workflows: Record<string, StubWorkflow> = {}) {}

  get client(): Client {
    return {
      options: { namespace: 'default', loadedDataConverter: defaultDataConverter },
      connection: { operatorService: { listSearchAttributes: () => Promise.resolve({ customAttributes: {} }) } },
      withDeadline: (deadline: number, action: () => unknown) => {
        this.deadlines.push(deadline);
        return action();
      },
      workflow: {
        getHandle: (workflowId: string) => this.handle(workflowId),
        result: (workflowId: string) => this.take('result', workflowId, undefined, ({ result }) => result),
        list: ({ query }: { query: string }) => this.list(query),
        start: (type: string, options: { workflowId: string }) => {
          this.calls.push({ operation: 'start', workflowId: options.workflowId, args: { type, ...options } });
          this.workflows[options.workflowId] ??= {};
          return Promise.resolve({ workflowId: options.workflowId });
        },
      },
    } as unknown as Client;
  }

  private handle(workflowId: string): object {
    return {
      workflowId,
      describe: () => this.take('describe', workflowId, undefined, describeStub),
      query: (name: string) => this.take('query', workflowId, name, ({ query }) => query),
      executeUpdate: (name: string, { args }: { args: unknown[] }) =>
        this.take('update', workflowId, { name, args }, ({ stop }) => stop),
      startUpdate: async (name: string, { args }: { args: unknown[] }) => {
        await this.take('update', workflowId, { name, args }, ({ accept }) => accept);
        return { result: () => this.take('outcome', workflowId, undefined, ({ stop }) => stop) };
      },
      terminate: (reason: string) =>
        this.take('terminate', workflowId, reason, () => {
          this.workflows[workflowId] = { status: 'TERMINATED' };
        }),
    };
  }

  private async take(
    operation: string,
    workflowId: string,
    args: unknown,
    answer: (workflow: StubWorkflow) => unknown,
  ): Promise<unknown> {
    this.calls.push({ operation, workflowId, args });
    const workflow = this.workflows[workflowId];
    const isGone = operation !== 'describe' && operation !== 'result' && workflow?.status !== undefined;
    if (!workflow || isGone) throw new WorkflowNotFoundError('not found', workflowId, undefined);
    const value = answer(workflow);
    const settled: unknown = typeof value === 'function' ? await (value as () => unknown)() : value;
    if (settled instanceof Error) throw settled;
    return settled;
  }

  private async *list(query: string): AsyncGenerator<{ workflowId: string }> {
    this.queries.push(query);
    const [, prefix = ''] = /STARTS_WITH '([^']*)'/.exec(query) ?? [];
    for (const [workflowId, { status }] of Object.entries(this.workflows)) {
      await Promise.resolve();
      if (status === undefined && workflowId.startsWith(prefix)) yield { workflowId };
    }
  }
}

function describeStub({ status = 'RUNNING', activity, memo }: StubWorkflow): object {
  return { status: { name: status }, memo, raw: { pendingActivities: activity ? [rawActivity(activity)] : [] } };
}

function rawActivity({ attempt = 1, isScheduled = false, worker, failure, heartbeat }: StubActivity): object {
  return {
    attempt,
    state: isScheduled ? 1 : 2,
    lastWorkerIdentity: worker,
    lastFailure: failure && {
      message: failure.message,
      applicationFailureInfo: failure.type === undefined ? undefined : { type: failure.type },
      timeoutFailureInfo: failure.timeout ? {} : undefined,
    },
    heartbeatDetails:
      heartbeat === undefined ? undefined : { payloads: [defaultPayloadConverter.toPayload(heartbeat)] },
  };
}
