import { randomUUID } from 'node:crypto';
import { startScriptedKinesis, type ScriptedKinesis } from '../../../test/support/scripted-kinesis';
import { createDynamodbClient } from '../../../src/aws/clients';
import { createCheckpointTable } from '../../../src/checkpoints/table';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../stack/pins';
import { startStack, type ServerName, type Stack } from '../../stack';
import { readyLine, startChild } from './children';

export type KinesisKind = 'scripted' | 'local';

export interface World {
  readonly kinesisEndpoint: string;
  readonly tableName: string;
  /** Unique, so that runs may share servers. */
  readonly streamName: string;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly kinesis: KinesisKind;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A world whose Kinesis is in this process, so that a million records are put in seconds. */
export interface NearWorld extends World {
  readonly kinesis: ScriptedKinesis;
  /** The emulator itself, whatever stands before it for the workers. */
  readonly dynamodbEndpoint: string;
}

type Closer = () => Promise<unknown>;

const KINESIS_VARIABLE = 'AWS_ENDPOINT_URL_KINESIS';

/** Starts the servers (or finds those whose addresses the environment gives) and makes this process's environment point to them. */
export async function startWorld({ kinesis, folder, signal }: WorldOptions): Promise<World> {
  const servers: ServerName[] = kinesis === 'local' ? ['temporal', 'kinesis', 'dynamodb'] : ['temporal', 'dynamodb'];
  return build(servers, async (closers) => {
    if (kinesis === 'local') return {};
    const server = await startChild({ name: 'kinesis', program: 'kinesis-server.ts', env: {}, folder, signal });
    closers.push(() => server.stop());
    process.env[KINESIS_VARIABLE] = readyLine(server);
    return {};
  });
}

/** As `startWorld`, with a scripted Kinesis in this process. */
export async function startNearWorld(): Promise<NearWorld> {
  return build(['temporal', 'dynamodb'], async (closers, { dynamodbEndpoint }) => {
    const kinesis = await startScriptedKinesis();
    closers.push(() => kinesis.close());
    process.env[KINESIS_VARIABLE] = kinesis.endpoint;
    return { kinesis, dynamodbEndpoint };
  });
}

async function build<More>(
  servers: readonly ServerName[],
  addKinesis: (closers: Closer[], stack: Stack) => Promise<More>,
): Promise<World & More> {
  const stack = await startStack({ servers, temporal: { headless: true }, onProgress: (line) => console.error(line) });
  const closers: Closer[] = [() => stack.stop()];
  const close = async (): Promise<void> => {
    await Promise.allSettled(closers.map((closer) => closer()));
  };
  try {
    Object.assign(process.env, { ...credentials(), ...stack.env });
    const more = await addKinesis(closers, stack);
    return { ...more, ...(await prepare()), kinesisEndpoint: process.env[KINESIS_VARIABLE] ?? '', close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For servers that are all local; whoever gives the address of another one gives credentials too. */
function credentials(): Record<string, string> {
  if (process.env['AWS_ACCESS_KEY_ID']) return {};
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
  return { AWS_REGION: LOCAL_REGION, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

async function prepare(): Promise<Pick<World, 'tableName' | 'streamName'>> {
  const tableName = 'tidemark-prove';
  const dynamodb = createDynamodbClient({});
  await createCheckpointTable(dynamodb, tableName).finally(() => dynamodb.destroy());
  return { tableName, streamName: `prove-${randomUUID().slice(0, 8)}` };
}
