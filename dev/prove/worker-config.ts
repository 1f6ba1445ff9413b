import type { ConsumerOptions } from '../../src';

/** What a worker process of a proof run is told, as JSON in one environment variable. */
export interface WorkerConfig {
  /** Unique for each start of a process. */
  readonly worker: string;
  /** File of its journal; must not exist. */
  readonly journal: string;
  readonly consumer: ConsumerOptions;
  readonly handler: HandlerConfig;
}

export interface HandlerConfig {
  readonly beforeEffectMs: number;
  readonly afterEffectMs: number;
  /** Batches with this partition key fail. */
  readonly failingKey?: string;
}

const VARIABLE = 'TIDEMARK_PROVE_WORKER';

export function workerEnvironment(config: WorkerConfig): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(config) };
}

export function readWorkerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  const text = env[VARIABLE];
  if (!text) throw new Error(`${VARIABLE} is not set: this program is started by proof runs and crash tests`);
  return JSON.parse(text) as WorkerConfig;
}
