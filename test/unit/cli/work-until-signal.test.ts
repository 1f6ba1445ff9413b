import type { Logger } from '@temporalio/worker';
import { workUntilSignal } from '../../../src/cli/work-until-signal';
import type { TidemarkWorker } from '../../../src/worker/create-worker';
import { boundHeapGrowth } from '../../../src/worker/heap-growth';

jest.mock('../../../src/worker/heap-growth');

describe('a process that works for consumers', () => {
  it('bounds the growth of its heap before it works', async () => {
    jest.spyOn(console, 'log').mockImplementation(() => undefined);
    jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
    let isBounded = false;
    const run = (): Promise<void> => {
      isBounded = jest.mocked(boundHeapGrowth).mock.calls.length === 1;
      return Promise.resolve();
    };
    const worker = { run, runningShards: () => [] } as unknown as TidemarkWorker;
    await workUntilSignal(worker, {} as Logger, () => () => undefined);
    expect(isBounded).toBe(true);
    jest.restoreAllMocks();
  });
});
