import { useKeptWorkflowBundle } from '../workflow-bundle';
import { startDynamodb } from './dynamodb';
import { errorText } from './error-text';
import { startKinesis } from './kinesis';
import { type Server, type ServerName, type ServerOptions } from './server';
import { stackEnvironment } from './stack-env';
import { startTemporal, type TemporalOptions, type TemporalServer } from './temporal';

export interface StackOptions extends Pick<ServerOptions, 'env' | 'cacheDir' | 'startTimeoutMs' | 'onProgress'> {
  /** Default: all three. */
  readonly servers?: readonly ServerName[];
  readonly temporal?: Omit<TemporalOptions, 'env' | 'cacheDir'>;
}

/** Running servers. The address of a server that was left out cannot be read: the getter throws. */
export interface Stack extends AsyncDisposable {
  /** What a program needs in its environment to reach them. */
  readonly env: Record<string, string>;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string | undefined;
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly servers: readonly Server[];
  /** Process ids of the servers started here. */
  readonly processes: Partial<Record<ServerName, number>>;
  /** Ends what was started here. Idempotent. Also happens when this process ends, in whatever way. */
  stop(): Promise<void>;
}

const ALL: readonly ServerName[] = ['temporal', 'kinesis', 'dynamodb'];

/** Starts (or finds, when the environment gives addresses) the servers, at once. If one fails, the others are stopped. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { servers: names = ALL, temporal, ...common } = options;
  if (names.includes('temporal')) await useKeptWorkflowBundle();
  const starters: Record<ServerName, () => Promise<Server>> = {
    temporal: () => startTemporal({ ...common, ...temporal }),
    kinesis: () => startKinesis(common),
    dynamodb: () => startDynamodb(common),
  };
  const results = await Promise.allSettled(names.map((name) => starters[name]()));
  const running = results.filter((result) => result.status === 'fulfilled').map((result) => result.value);
  const problems = results.filter((result) => result.status === 'rejected').map((result): unknown => result.reason);
  if (problems.length === 0) return asStack(running, options.env ?? process.env);
  await stopAll(running);
  throw problems.length === 1 ? problems[0] : new AggregateError(problems, problems.map(errorText).join('\n'));
}

function asStack(servers: readonly Server[], env: NodeJS.ProcessEnv): Stack {
  const find = (name: ServerName): Server => {
    const server = servers.find((candidate) => candidate.name === name);
    if (!server) throw new Error(`this stack was started without ${name}`);
    return server;
  };
  const started = servers.filter((server) => server.pid !== undefined);
  const stop = () => stopAll(servers);
  return {
    env: stackEnvironment(servers, env),
    get temporalAddress() {
      return find('temporal').address;
    },
    get temporalUiUrl() {
      return (find('temporal') as TemporalServer).uiUrl;
    },
    get kinesisEndpoint() {
      return find('kinesis').address;
    },
    get dynamodbEndpoint() {
      return find('dynamodb').address;
    },
    servers,
    processes: Object.fromEntries(started.map((server) => [server.name, server.pid])),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
