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
  /** A planted bug, to see that a proof run finds it. */
  readonly bug?: HandlerBug;
}

/** `skipRecord`: some batches lose their last record. `lateEffect`: some batches return before their effect is on disk. `stuck`: some never return. */
export type HandlerBug = (typeof HANDLER_BUGS)[number];

export const HANDLER_BUGS = ['skipRecord', 'lateEffect', 'stuck'] as const;

const VARIABLE = 'TIDEMARK_PROVE_WORKER';

export function workerEnvironment(config: WorkerConfig): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(config) };
}

export function readWorkerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  const text = env[VARIABLE];
  if (!text) throw new Error(`${VARIABLE} is not set: this program is started by proof runs and crash tests`);
  return JSON.parse(text) as WorkerConfig;
}
