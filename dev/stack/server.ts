import { setTimeout as delay } from 'node:timers/promises';

import { errorText } from './error-text';
import { type CommandLine, keep, type KeptProcess } from './kept-process';
import { CACHE_DIR } from './paths';
import { freePorts } from './ports';
import { type Probe, ServerStartError, START_TIMEOUT_MS, untilReady } from './readiness';
import { closeLog, openLog } from './server-log';

const PORT_ATTEMPTS = 3;

export type ServerName = 'temporal' | 'kinesis' | 'dynamodb';
export type ServerOrigin = 'environment' | 'path' | 'cache' | 'wheel' | 'download' | 'package';

/** What every server's starter takes. */
export interface ServerOptions {
  /** A fixed port: the server is started there, whatever address the environment gives. Default: a free port. */
  readonly port?: number;
  /** Where addresses and PATH are looked up. Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: `.cache` in the project. */
  readonly cacheDir?: string;
  readonly startTimeoutMs?: number;
  /** Told what takes long (an installation). Default: silence. */
  readonly onProgress?: (line: string) => void;
}

/** A server to use: started here, or somebody else's whose address was given. */
export interface Server {
  readonly name: ServerName;
  readonly origin: ServerOrigin;
  /** host:port for Temporal, a URL for the emulators. */
  readonly address: string;
  /** Undefined, like `port` and `logFile`, for a server that was given. */
  readonly pid?: number;
  readonly port?: number;
  readonly logFile?: string;
  /** Ends the server if it was started here. Idempotent. */
  stop(): Promise<void>;
  /** For tests of faults: SIGKILL (waits until it is dead), SIGSTOP, SIGCONT. Rejects for a server that was given. */
  signal(signal: NodeJS.Signals): Promise<void>;
}

export interface LaunchPlan {
  readonly name: ServerName;
  readonly origin: ServerOrigin;
  /** The first one is the server's own and may be fixed. */
  readonly portCount: number;
  readonly fixedPorts: readonly (number | undefined)[];
  readonly addressOf: (port: number) => string;
  readonly commandLine: (ports: readonly number[]) => CommandLine;
  readonly probe: (ports: readonly number[]) => Probe;
}

export interface LaunchedServer extends Server {
  readonly ports: readonly number[];
}

/** Starts a server and waits until it answers; takes new ports when someone else was quicker. */
export async function launch(plan: LaunchPlan, options: ServerOptions): Promise<LaunchedServer> {
  for (let attempt = 1; ; attempt++) {
    const ports = (await freePorts(plan.portCount)).map((free, index) => plan.fixedPorts[index] ?? free);
    try {
      return asServer(plan, ports, await launchOnce(plan, ports, options));
    } catch (error) {
      const again = error instanceof ServerStartError && error.portTaken && attempt < PORT_ATTEMPTS;
      if (!again) throw error;
      await delay(attempt * 100);
    }
  }
}

async function launchOnce(plan: LaunchPlan, ports: number[], options: ServerOptions): Promise<KeptProcess> {
  const log = openLog(options.cacheDir ?? CACHE_DIR, plan.name);
  const kept = await keep(plan.commandLine(ports), log).finally(() => closeLog(log));
  try {
    await untilReady(plan.name, kept, plan.probe(ports), options.startTimeoutMs ?? START_TIMEOUT_MS);
    return kept;
  } catch (error) {
    await kept.stop();
    throw error;
  }
}

function asServer(plan: LaunchPlan, ports: number[], kept: KeptProcess): LaunchedServer {
  const port = ports[0] ?? 0;
  const { pid, logFile } = kept;
  return {
    name: plan.name,
    origin: plan.origin,
    address: plan.addressOf(port),
    pid,
    port,
    ports,
    logFile,
    stop: () => kept.stop(),
    signal: (signal) => kept.signal(signal),
  };
}

/** A server whose address the environment gave: used after one probe, never stopped. */
export async function useGiven(name: ServerName, address: string, variable: string, probe: Probe): Promise<Server> {
  try {
    await probe(AbortSignal.timeout(5_000));
  } catch (error) {
    throw new Error(
      `${variable}=${address} does not answer: ${errorText(error)}. Start that server or unset ${variable}.`,
    );
  }
  const refuse = () => Promise.reject(new Error(`${name} at ${address} was not started here`));
  return { name, origin: 'environment', address, stop: () => Promise.resolve(), signal: refuse };
}
