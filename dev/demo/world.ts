import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { Client } from '@temporalio/client';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TidemarkClient } from '../../src';
import { createDynamodbClient, createKinesisClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { connectTemporal } from '../../src/temporal/connect';
import { startStack, type Stack } from '../stack';
import type { Cleanup } from './cleanup';
import consumer from './consumer';
import { createDelaysTable, deleteDelaysTable } from './delays-table';
import { Deliveries } from './deliveries';
import { IS_SHARED } from './names';
import { createStream, deleteStream } from './stream';
import { startWorkerProcess, type WorkerProcess } from './worker-process';

/** The servers, and what the demo needs to talk to them. */
export interface World {
  readonly stack: Stack;
  readonly kinesis: KinesisClient;
  readonly dynamodb: DynamoDBClient;
  readonly temporal: Client;
  readonly tidemark: TidemarkClient;
  readonly deliveries: Deliveries;
  /** For journals and logs; gone at the end. */
  readonly folder: string;
}

export async function openWorld(cleanup: Cleanup, onProgress: (line: string) => void): Promise<World> {
  const stack = await startStack({ onProgress });
  cleanup.add(() => stack.stop());
  Object.assign(process.env, stack.env);
  const kinesis = createKinesisClient({});
  const dynamodb = createDynamodbClient({});
  cleanup.add(() => [kinesis, dynamodb].forEach((client) => client.destroy()));
  const temporal = await connectTemporal();
  cleanup.add(() => temporal.connection.close());
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-demo-'));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  const deliveries = new Deliveries();
  cleanup.add(() => deliveries.close());
  return { stack, kinesis, dynamodb, temporal, tidemark: new TidemarkClient(temporal), deliveries, folder };
}

/** Stream and tables. Servers that others use are left without them at the end. */
export async function createResources(
  { kinesis, dynamodb }: World,
  shardCount: number,
  cleanup: Cleanup,
): Promise<void> {
  await createDelaysTable(dynamodb);
  if (IS_SHARED) cleanup.add(() => deleteDelaysTable(dynamodb));
  await createStream(kinesis, shardCount);
  if (IS_SHARED) cleanup.add(() => deleteStream(kinesis));
  await createCheckpointTable(dynamodb, consumer.options.tableName);
}

export async function startConsumer({ tidemark }: World, cleanup: Cleanup): Promise<void> {
  await tidemark.start(consumer);
  if (IS_SHARED) cleanup.add(() => tidemark.stop(consumer, { by: 'demo', reason: 'the demo is over', force: true }));
}

export async function startWorkers(
  { stack, deliveries, folder }: World,
  count: number,
  cleanup: Cleanup,
): Promise<WorkerProcess[]> {
  const workers = Array.from({ length: count }, (_, index) =>
    startWorkerProcess(`worker-${index + 1}`, folder, stack.env),
  );
  cleanup.add(() => Promise.all(workers.map((worker) => worker.stop())));
  for (const { pid, journal } of workers) deliveries.addWorker(pid, journal);
  await Promise.all(workers.map(({ ready }) => ready));
  return workers;
}
