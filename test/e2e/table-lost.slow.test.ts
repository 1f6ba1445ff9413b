import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DeleteItemCommand, ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

// Losses under load, with workers that are killed, are those of `npm run prove -- restore-drill`.
import {
  createWorker,
  defineConsumer,
  TidemarkClient,
  type ConsumerDefinition,
  type DeadLetter,
  type TidemarkWorker,
} from '../../src';
import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import type { Backup } from '../../src/core/backup';
import { deleteTable } from '../../dev/prove/restore-drill/losses';
import { spawnCli, type CliResult } from '../support/cli/cli-process';
import { eventually } from '../support/eventually';
import { startScriptedKinesis, type ScriptedKinesis } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';
import { assertSource, SOURCE } from '../support/source';

jest.setTimeout(240_000);

const PATIENCE = { timeoutMs: 60_000, intervalMs: 100 };
const id = randomUUID().slice(0, 8);
const tableName = `lost-${id}`;
const stream = `lost-${id}`;

let kinesis: ScriptedKinesis;
let dynamodb: DynamoDBClient;
let client: TidemarkClient;
let consumer: ConsumerDefinition;
let worker: TidemarkWorker;
let run: Promise<void>;
/** How often each record was handled since the last look. */
const handled = new Map<string, number>();
/** Sequence number of the last record of each shard. */
const last = new Map<string, string>();
let puts = 0;

beforeAll(async () => {
  kinesis = await startScriptedKinesis();
  const { region, credentials, dynamodbEndpoint, temporalAddress } = stackEnv();
  kinesis.createStream(stream, 2);
  dynamodb = createDynamodbClient({ region, credentials, dynamodbEndpoint });
  await createCheckpointTable(dynamodb, tableName);
  consumer = defineConsumer({
    ...SOURCE,
    name: 'drill',
    stream,
    tableName,
    startFrom: 'TRIM_HORIZON',
    maxBatchRecords: 5,
    pollIntervalMs: 200,
    historyIntervalMs: 1_000,
    shardSyncIntervalMs: 2_000,
    aws: { region, credentials, dynamodbEndpoint, kinesisEndpoint: kinesis.endpoint },
    handler: ({ records }) => {
      for (const record of records) handled.set(record.text(), (handled.get(record.text()) ?? 0) + 1);
    },
  });
  client = await TidemarkClient.connect({ address: temporalAddress });
  worker = await createWorker([consumer], { temporal: { address: temporalAddress }, killWhenBlocked: false });
  run = worker.run();
  await client.start(consumer);
});

afterAll(async () => {
  await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
  worker.shutdown();
  await run;
  await client.close();
  dynamodb.destroy();
  assertSource(kinesis);
  await kinesis.close();
});

function put(count: number): string[] {
  const ids = Array.from({ length: count }, () => `r${(puts += 1)}`);
  for (const record of ids) {
    const { shardId, sequenceNumber } = kinesis.put(stream, `key-${record}`, record);
    last.set(shardId, sequenceNumber);
  }
  return ids;
}

/** The rows stand at the last records that were put. */
async function committed(): Promise<void> {
  await eventually(
    async () => {
      const { shards } = await client.backups.export(consumer);
      const positions = shards.map(({ shardId, checkpoint }) => [shardId, checkpoint?.position]);
      const wanted = [...last].map(([shardId, sequenceNumber]) => [shardId, { at: 'AFTER', sequenceNumber }]);
      expect(Object.fromEntries(positions)).toEqual(Object.fromEntries(wanted));
    },
    { ...PATIENCE, what: `${puts} records committed` },
  );
}

async function countItems(): Promise<number> {
  const { Count = 0 } = await dynamodb.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }));
  return Count;
}

async function deleteItems(): Promise<void> {
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }));
  for (const { pk, sk } of Items)
    if (pk && sk) await dynamodb.send(new DeleteItemCommand({ TableName: tableName, Key: { pk, sk } }));
}

/** Its payload does not fit one item. */
function letterOf(shard: DeadLetter['shard']): DeadLetter {
  const data = new Uint8Array(100_000).fill(7);
  const error = {
    code: 'HANDLER_FAILED',
    message: 'planted',
    attempts: 1,
    atMs: 5,
    workflowId: 'w',
    runId: 'r',
  } as const;
  return {
    shard,
    sequenceNumber: '5',
    partitionKey: 'key',
    arrivalMs: 1,
    bytes: data.byteLength,
    condition: 'RetryAttemptsExhausted',
    status: 'OPEN',
    errors: [error],
    writtenAtMs: 6,
    version: 1,
    data,
  };
}

function positionsOf({ shards }: Backup): unknown[] {
  return shards.map(({ shardId, checkpoint }) => [shardId, checkpoint?.position]);
}

it('rows and registration are deleted while it is stopped: `repair` has them from the workflows', async () => {
  put(20);
  await committed();
  await client.stop(consumer, { by: 'jest' });
  const before = await client.backups.export(consumer);
  await deleteItems();
  const plan = await client.backups.planRepair(consumer);
  expect(plan).toMatchObject({ streamWorkflow: 'COMPLETED', registration: 'rebuild' });
  expect(plan.shards.map(({ rebuilt, isKnown }) => [rebuilt?.position, isKnown])).toEqual(
    before.shards.map(({ checkpoint }) => [checkpoint?.position, false]),
  );
  const result = await client.backups.repair(consumer, plan);
  expect(result).toEqual({ rows: 2, foundRows: 0, knownShards: 2, registration: true });
  const after = await client.backups.export(consumer);
  expect(positionsOf(after)).toEqual(positionsOf(before));
  expect(after.registration).toEqual({ ...before.registration, initialShardsRecorded: true });

  handled.clear();
  await client.start(consumer);
  const fresh = put(10);
  await eventually(() => fresh.every((record) => handled.has(record)), { ...PATIENCE, what: 'the new records' });
  expect([...handled.keys()].sort()).toEqual(fresh.sort());
});

it('the table is deleted while it is stopped: an import and a start go on from the export', async () => {
  await committed();
  const backup = await client.backups.export(consumer);
  const afterExport = put(12);
  await eventually(() => afterExport.every((record) => handled.has(record)), { ...PATIENCE, what: 'twelve more' });
  await expect(client.backups.planImport(consumer, backup)).rejects.toMatchObject({ code: 'CONSUMER_RUNNING' });
  await client.stop(consumer, { by: 'jest' });

  await deleteTable(dynamodb, tableName);
  await expect(client.backups.planImport(consumer, backup)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
  await createCheckpointTable(dynamodb, tableName);

  const another = { ...backup, stream: { ...backup.stream, createdAtMs: 1 } };
  const refusal = { code: 'BACKUP_MISMATCH', message: expect.stringContaining('1970-01-01T00:00:00.001Z') };
  await expect(client.backups.planImport(consumer, another)).rejects.toMatchObject(refusal);
  const theirs = { ...backup, stream: { ...backup.stream, consumer: 'other' } };
  await expect(client.backups.planImport(consumer, theirs)).rejects.toMatchObject({ code: 'BACKUP_MISMATCH' });

  const shard = { ...backup.stream, shardId: 'shardId-000000000000' };
  const letter = letterOf(shard);
  const withLetter = { ...backup, deadLetters: { open: 1, parked: 0, letters: [letter] } };
  const plan = await client.backups.planImport(consumer, withLetter);
  expect(plan).toMatchObject({ registration: 'create', steps: [{ action: 'create' }, { action: 'create' }] });
  const first = await client.backups.import(consumer, plan);
  expect(first).toMatchObject({ shards: [{ outcome: 'create' }, { outcome: 'create' }], letters: 1 });
  expect(await client.deadLetters.get(consumer, letter)).toEqual(letter);
  // The plan that was seen no longer fits, and a new one finds nothing to do.
  const stale = await client.backups.import(consumer, plan);
  expect(stale).toMatchObject({ shards: [{ outcome: 'changed' }, { outcome: 'changed' }], letters: 0 });
  const again = await client.backups.planImport(consumer, backup, { replace: true });
  expect(again).toMatchObject({ registration: 'same', steps: [{ action: 'same' }, { action: 'same' }] });

  handled.clear();
  const whileStopped = put(5);
  await client.start(consumer);
  const wanted = [...afterExport, ...whileStopped];
  await eventually(() => wanted.every((record) => handled.has(record)), { ...PATIENCE, what: 'all since the export' });
  expect([...handled.keys()].sort()).toEqual(wanted.sort());
  expect(Math.max(...handled.values())).toBe(1);
});

it('an import over rows that stand elsewhere replaces them, and the workflows obey the higher generation', async () => {
  await committed();
  const backup = await client.backups.export(consumer);
  const afterExport = put(8);
  await eventually(() => afterExport.every((record) => handled.has(record)), { ...PATIENCE, what: 'eight more' });
  await client.stop(consumer, { by: 'jest' });
  const kept = await client.backups.planImport(consumer, backup);
  expect(new Set(kept.steps.map(({ action }) => action))).toContain('keep');
  const plan = await client.backups.planImport(consumer, backup, { replace: true });
  await client.backups.import(consumer, plan);
  const { shards } = await client.backups.export(consumer);
  expect(Math.max(...shards.map(({ checkpoint }) => checkpoint?.generation ?? 0))).toBe(1);

  handled.clear();
  await client.start(consumer);
  await eventually(() => afterExport.every((record) => handled.has(record)), { ...PATIENCE, what: 'eight again' });
  expect([...handled.keys()].sort()).toEqual(afterExport.sort());
});

it('the command line exports, shows, imports and repairs', async () => {
  await committed();
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-lost-'));
  try {
    const file = join(folder, 'consumer.ts');
    const output = join(folder, 'backup.json');
    const options = JSON.stringify({ name: 'drill', stream, tableName, startFrom: 'TRIM_HORIZON' });
    const source = `export default defineConsumer({ ...${options}, handler: () => undefined });`;
    writeFileSync(file, `import { defineConsumer } from 'tidemark';\n${source}\n`);
    const env = { PATH: process.env.PATH, HOME: folder, ...stackEnv().env, AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint };
    const cli = (...args: string[]): Promise<CliResult> => spawnCli(args, env).exited;

    await client.restorePoints.create(consumer, 'before', { by: 'jest', keepMs: 'forever' });
    const points = await client.restorePoints.list(consumer);
    const entries = await client.history(consumer, { shardId: 'shardId-000000000000' });
    const exported = await cli('export', file, '--output', output, '--with-history');
    expect(exported).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('2 shards, 2 checkpoints, 1 restore points; dead letters: 1 open, 0 parked, not'),
    });
    const [refused, repaired] = await Promise.all([
      cli('import', file, '--input', output, '--yes'),
      cli('repair', file, '--json', '--dry-run'),
    ]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Error CONSUMER_RUNNING') });
    expect({ code: repaired.code, plan: JSON.parse(repaired.stdout) as unknown }).toMatchObject({
      code: 0,
      plan: { streamWorkflow: 'RUNNING', registration: 'present', shards: [{ isLost: false }, { isLost: false }] },
    });

    await client.stop(consumer, { by: 'jest' });
    await deleteItems();
    const unasked = await cli('import', file, '--input', output);
    expect(unasked).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/registration is written\n +shardId-000000000000 +create +no row -> AFTER \d+\n/),
      stderr: expect.stringContaining('Say --yes to go ahead.'),
    });
    expect(await countItems()).toBe(0);
    const imported = await cli('import', file, '--input', output, '--with-history', '--yes', '--json');
    expect({ code: imported.code, result: JSON.parse(imported.stdout) as unknown }).toMatchObject({
      code: 0,
      result: {
        consumer: 'drill',
        registration: 'create',
        shards: [{ outcome: 'create' }, { outcome: 'create' }],
        history: { kept: 0 },
      },
    });
    expect(await client.restorePoints.list(consumer)).toEqual(points);
    expect(entries.length).toBeGreaterThan(0);
    expect(await client.history(consumer, { shardId: 'shardId-000000000000' })).toEqual(
      expect.arrayContaining(entries),
    );
    await client.start(consumer);
    await committed();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
