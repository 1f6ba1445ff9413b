import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

/** An offence against the borders between the worlds, planted in a file that exists (the type checker must know it). */
interface Offence {
  readonly what: string;
  readonly file: string;
  readonly code: string;
  readonly rule: string;
}

const PATHS = 'import-x/no-restricted-paths';
const IMPORTS = '@typescript-eslint/no-restricted-imports';

const offences: readonly Offence[] = [
  {
    what: 'the doctor imports a worker',
    file: 'src/doctor/finding.ts',
    code: `import { createWorker } from '../worker/create-worker'; export const a = createWorker;`,
    rule: PATHS,
  },
  {
    what: 'tracing imports what it traces',
    file: 'src/tracing/tracer.ts',
    code: `import type { RunRequest } from '../handler/handler-runner'; export type A = RunRequest;`,
    rule: PATHS,
  },
  {
    what: 'tracing imports an SDK',
    file: 'src/tracing/tracer.ts',
    code: `import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'; export const a = BasicTracerProvider;`,
    rule: IMPORTS,
  },
  {
    what: 'core imports an adapter',
    file: 'src/core/pacing.ts',
    code: `import { AwsKinesis } from '../kinesis/aws-kinesis'; export const a = AwsKinesis;`,
    rule: PATHS,
  },
  {
    what: 'core imports the types of another world',
    file: 'src/core/pacing.ts',
    code: `import type { KinesisPort } from '../kinesis/kinesis-port'; export type A = KinesisPort;`,
    rule: PATHS,
  },
  {
    what: 'core imports Node',
    file: 'src/core/pacing.ts',
    code: `import { hostname } from 'node:os'; export const a = hostname();`,
    rule: IMPORTS,
  },
  {
    what: 'core reads the clock',
    file: 'src/core/pacing.ts',
    code: `export const a = Date.now();`,
    rule: 'no-restricted-properties',
  },
  {
    what: 'core makes a date of now',
    file: 'src/core/pacing.ts',
    code: `export const a = new Date();`,
    rule: 'no-restricted-syntax',
  },
  {
    what: 'core draws lots',
    file: 'src/core/pacing.ts',
    code: `export const a = Math.random();`,
    rule: 'no-restricted-properties',
  },
  {
    what: 'core reads the environment',
    file: 'src/core/pacing.ts',
    code: `export const a = process.env;`,
    rule: 'no-restricted-globals',
  },
  {
    what: 'a workflow imports an activity as a value',
    file: 'src/workflows/messages.ts',
    code: `import { createActivitiesFrom } from '../activities'; export const a = createActivitiesFrom;`,
    rule: IMPORTS,
  },
  {
    what: 'a workflow imports Node',
    file: 'src/workflows/messages.ts',
    code: `import { randomUUID } from 'node:crypto'; export const a = randomUUID();`,
    rule: IMPORTS,
  },
  {
    what: 'a workflow imports Node by its bare name',
    file: 'src/workflows/messages.ts',
    code: `import { readFileSync } from 'fs'; export const a = readFileSync;`,
    rule: IMPORTS,
  },
  {
    what: 'a workflow imports an adapter',
    file: 'src/workflows/messages.ts',
    code: `import { createKinesisClient } from '../aws/clients'; export const a = createKinesisClient;`,
    rule: PATHS,
  },
  {
    what: 'an activity imports the worker',
    file: 'src/activities/sleep.ts',
    code: `import { createWorker } from '../worker/create-worker'; export const a = createWorker;`,
    rule: PATHS,
  },
  {
    what: 'a port imports the handler side',
    file: 'src/kinesis/kinesis-port.ts',
    code: `import { eachRecord } from '../handler/each-record'; export const a = eachRecord;`,
    rule: PATHS,
  },
  {
    what: 'checkpoints import Kinesis from the SDK',
    file: 'src/checkpoints/memory-store.ts',
    code: `import { KinesisClient } from '@aws-sdk/client-kinesis'; export const a = KinesisClient;`,
    rule: IMPORTS,
  },
  {
    what: 'the handler side imports the SDK as a value',
    file: 'src/handler/record.ts',
    code: `import { DynamoDBClient } from '@aws-sdk/client-dynamodb'; export const a = DynamoDBClient;`,
    rule: IMPORTS,
  },
  {
    what: 'dead letters import the handler side',
    file: 'src/dead-letters/dead-letter-store.ts',
    code: `import { eachRecord } from '../handler/each-record'; export const a = eachRecord;`,
    rule: PATHS,
  },
  {
    what: 'dead letters import Temporal',
    file: 'src/dead-letters/dead-letter-store.ts',
    code: `import { Context } from '@temporalio/activity'; export const a = Context;`,
    rule: IMPORTS,
  },
  {
    what: 'the client imports workflow code',
    file: 'src/client/stop-consumer.ts',
    code: `import { tidemarkShard } from '../workflows'; export const a = tidemarkShard;`,
    rule: PATHS,
  },
  {
    what: 'metrics import the AWS side',
    file: 'src/metrics/channels.ts',
    code: `import { AwsKinesis } from '../kinesis/aws-kinesis'; export const a = AwsKinesis;`,
    rule: PATHS,
  },
  {
    what: 'metrics import the worker package of Temporal',
    file: 'src/metrics/channels.ts',
    code: `import { Runtime } from '@temporalio/worker'; export const a = Runtime;`,
    rule: IMPORTS,
  },
  {
    what: 'the worker imports the command line',
    file: 'src/worker/activities.ts',
    code: `import { main } from '../cli/main'; export const a: unknown = main;`,
    rule: PATHS,
  },
  {
    what: 'the public entry imports the command line',
    file: 'src/index.ts',
    code: `export * from './cli/main';`,
    rule: 'no-restricted-imports',
  },
  {
    what: 'a promise is left alone',
    file: 'src/activities/sleep.ts',
    code: `export async function a(): Promise<void> {} export function b(): void { a(); }`,
    rule: '@typescript-eslint/no-floating-promises',
  },
  {
    what: 'any',
    file: 'src/activities/sleep.ts',
    code: `export const a: any = 1;`,
    rule: '@typescript-eslint/no-explicit-any',
  },
  {
    what: 'a type imported as a value',
    file: 'src/activities/sleep.ts',
    code: `import { SliceInput } from '../core/shard-work'; export type A = SliceInput;`,
    rule: '@typescript-eslint/consistent-type-imports',
  },
  {
    what: 'a cycle',
    file: 'src/core/positions.ts',
    code: `import { describeShard } from './shard-details'; export const a = describeShard;`,
    rule: 'import-x/no-cycle',
  },
  {
    what: 'a rule switched off by a comment',
    file: 'src/activities/sleep.ts',
    code: `/* eslint-disable */ export const a: any = 1;`,
    rule: '@typescript-eslint/no-explicit-any',
  },
];

const permitted: readonly Pick<Offence, 'what' | 'file' | 'code'>[] = [
  {
    what: 'a workflow imports the types of activities',
    file: 'src/workflows/messages.ts',
    code: `import type { Activities } from '../activities'; export type A = Activities;`,
  },
  {
    what: 'the handler side imports types of the SDK',
    file: 'src/handler/record.ts',
    code: `import type { TransactWriteItem } from '@aws-sdk/client-dynamodb'; export type A = TransactWriteItem;`,
  },
  {
    what: 'an activity imports a port',
    file: 'src/activities/sleep.ts',
    code: `import type { KinesisPort } from '../kinesis/kinesis-port'; export type A = KinesisPort;`,
  },
  {
    what: 'core makes a date of a given time',
    file: 'src/core/pacing.ts',
    code: `export const a = (ms: number): string => new Date(ms).toISOString();`,
  },
];

interface Snippet {
  readonly file: string;
  readonly code: string;
}

/** The rules that each snippet breaks. ESLint runs in a process of its own: jest cannot load its configuration. */
function rulesBrokenBy(snippets: readonly Snippet[]): string[][] {
  const input = JSON.stringify(snippets.map(({ file, code }) => ({ file: path.join(ROOT, file), code })));
  const script = path.join(ROOT, 'dev/package/lint-snippets.mjs');
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[][];
}

describe('the borders between the worlds', () => {
  let broken: string[][];

  beforeAll(() => {
    broken = rulesBrokenBy([...offences, ...permitted]);
  });

  it.each(offences.map((offence, index) => ({ ...offence, index })))('refuses: $what', ({ rule, index }) => {
    expect(broken[index]).toContain(rule);
  });

  it.each(permitted.map((snippet, index) => ({ ...snippet, index })))('permits: $what', ({ index }) => {
    expect(broken[offences.length + index]).toEqual([]);
  });
});
