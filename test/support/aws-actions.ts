import { AsyncLocalStorage } from 'node:async_hooks';
import { WholeBodyHandler } from '../../src/aws/http-handler';

type Handle = typeof WholeBodyHandler.prototype.handle;

/** What each operation of a transaction needs: IAM has no action of its own for it. */
const IN_TRANSACTIONS: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

/** Notes the IAM actions that calls of AWS in this process need, by the role in whose name they are made. */
export class AwsActions {
  private readonly roles = new AsyncLocalStorage<string>();
  private readonly seen = new Map<string, Set<string>>();
  private readonly spy: jest.SpyInstance;

  constructor() {
    const handle = Object.getOwnPropertyDescriptor(WholeBodyHandler.prototype, 'handle')?.value as Handle;
    const note = (request: Parameters<Handle>[0]): void => this.note(request);
    this.spy = jest.spyOn(WholeBodyHandler.prototype, 'handle').mockImplementation(function (
      this: WholeBodyHandler,
      ...args: Parameters<Handle>
    ) {
      note(args[0]);
      return handle.apply(this, args);
    });
  }

  /** Everything that begins in it is done in the name of the role. */
  as<T>(role: string, action: () => T): T {
    return this.roles.run(role, action);
  }

  /** Such as `kinesis:GetRecords`. */
  of(role: string): string[] {
    return [...(this.seen.get(role) ?? [])].sort();
  }

  stop(): void {
    this.spy.mockRestore();
  }

  private note({ headers, body }: Parameters<Handle>[0]): void {
    const role = this.roles.getStore() ?? 'nobody';
    const seen = this.seen.get(role) ?? new Set();
    this.seen.set(role, seen);
    for (const action of actionsOf(headers['x-amz-target'] ?? '', body)) seen.add(action);
  }
}

function actionsOf(target: string, body: unknown): string[] {
  const [api = '', operation = ''] = target.split('.');
  const service = api.startsWith('Kinesis') ? 'kinesis' : 'dynamodb';
  if (operation !== 'TransactWriteItems') return [`${service}:${operation}`];
  const text = typeof body === 'string' ? body : Buffer.from(body as Uint8Array).toString();
  const { TransactItems } = JSON.parse(text) as { TransactItems: object[] };
  return TransactItems.flatMap((item) => Object.keys(item)).map((key) => `${service}:${IN_TRANSACTIONS[key] ?? key}`);
}
