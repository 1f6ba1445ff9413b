import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { NativeConnection, type WorkerStatus } from '@temporalio/worker';
import { RehearsingWorker } from '../../src/worker/rehearsing-worker';
import { workflowBundle } from '../../src/worker/workflow-source';
import { stackEnv } from '../support/stack-env';
import { codec as turnedOver } from '../support/turned-over-codec';
import { useWorkflowEnv } from '../support/workflow-env';

useWorkflowEnv();

interface Rehearsed {
  readonly ordered: readonly Uint8Array[];
  readonly after: WorkerStatus;
}

async function rehearse(payloadCodecs: (typeof turnedOver)[] = []): Promise<Rehearsed> {
  const connection = await NativeConnection.connect({ address: stackEnv().temporalAddress });
  const worker = await RehearsingWorker.create({
    connection,
    taskQueue: `rehearsal-${randomUUID()}`,
    workflowBundle: await workflowBundle(),
    dataConverter: { payloadCodecs },
  });
  if (!(worker instanceof RehearsingWorker)) throw new Error('The SDK creates another class than it is asked for');
  const result = await worker.runUntil(async () => {
    const ordered = await worker.rehearse();
    return { ordered, after: worker.getStatus() };
  });
  await connection.close();
  return result;
}

it('a worker plays the start of a shard and what follows a slice, and is as it was before', async () => {
  const { ordered, after } = await rehearse();
  expect(ordered.map((order) => Buffer.from(order).includes('processBatches'))).toEqual([true, true]);
  expect(after).toMatchObject({ runState: 'RUNNING', numCachedWorkflows: 0, numInFlightWorkflowActivations: 0 });
});

it('a worker with codecs of its user’s plays nothing', async () => {
  expect((await rehearse([turnedOver])).ordered).toEqual([]);
});

it.each([0, 30, 100, 300])('a worker that is stopped %d ms into a rehearsal ends all the same', async (delayMs) => {
  const connection = await NativeConnection.connect({ address: stackEnv().temporalAddress });
  const worker = await RehearsingWorker.create({
    connection,
    taskQueue: `rehearsal-${randomUUID()}`,
    workflowBundle: await workflowBundle(),
  });
  if (!(worker instanceof RehearsingWorker)) throw new Error('The SDK creates another class than it is asked for');
  let rehearsal: Promise<unknown> | undefined;
  await worker.runUntil(async () => {
    rehearsal = worker.rehearse();
    await setTimeout(delayMs);
  });
  await rehearsal;
  expect(worker.getStatus()).toMatchObject({ runState: 'STOPPED', numCachedWorkflows: 0 });
  await connection.close();
});
