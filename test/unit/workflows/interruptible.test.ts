import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type * as Scopes from '@temporalio/workflow/lib/cancellation-scope';
import type { Interruptible as InterruptibleClass } from '../../../src/workflows/interruptible';
import { eventually } from '../../support/eventually';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const sandbox = globalThis as { AsyncLocalStorage?: unknown; __TEMPORAL_ACTIVATOR__?: unknown };

let Interruptible: typeof InterruptibleClass;
let scopes: typeof Scopes;
let workflow: Scopes.CancellationScope;
let work: InterruptibleClass;

beforeAll(() => {
  // As Temporal's sandbox gives it to workflows.
  sandbox.AsyncLocalStorage = AsyncLocalStorage;
  scopes = jest.requireActual<typeof Scopes>('@temporalio/workflow/lib/cancellation-scope');
  ({ Interruptible } = jest.requireActual<{ Interruptible: typeof InterruptibleClass }>(
    '../../../src/workflows/interruptible',
  ));
});

beforeEach(() => {
  workflow = new scopes.RootCancellationScope();
  sandbox.__TEMPORAL_ACTIVATOR__ = { rootScope: workflow };
  work = new Interruptible();
});

afterAll(() => {
  delete sandbox.AsyncLocalStorage;
  delete sandbox.__TEMPORAL_ACTIVATOR__;
});

const current = (): Scopes.CancellationScope => scopes.CancellationScope.current();

/** An activity that ends when it is cancelled. */
async function cancelled(): Promise<string> {
  await expect(current().cancelRequested).rejects.toThrow();
  return 'cancelled';
}

describe('work that can be interrupted', () => {
  it('is cancelled by an interruption, and what follows is not', async () => {
    const first = work.run(cancelled);
    work.interrupt();
    expect(await first).toBe('cancelled');
    expect(await work.run(async () => current().consideredCancelled)).toBe(false);
    expect(workflow.consideredCancelled).toBe(false);
  });

  it('is cancelled with its workflow, as is all that follows', async () => {
    const first = work.run(cancelled);
    workflow.cancel();
    expect(await first).toBe('cancelled');
    expect(await work.run(async () => current().consideredCancelled)).toBe(true);
  });

  it('gives its result, and an error as it is', async () => {
    expect(await work.run(async () => 7)).toBe(7);
    const error = new Error('bad');
    await expect(work.run(() => Promise.reject(error))).rejects.toBe(error);
    work.interrupt();
  });

  it('leaves nothing behind in the memory of a workflow that lives on', async () => {
    const run: WeakRef<Scopes.CancellationScope>[] = [];
    for (let slice = 0; slice < 50; slice += 1) await work.run(async () => void run.push(new WeakRef(current())));
    await eventually(() => {
      collectGarbage();
      return run.filter((scope) => scope.deref() !== undefined).length <= 1;
    });
    expect(workflow.consideredCancelled).toBe(false);
  });
});
