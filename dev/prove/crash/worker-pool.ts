import { join } from 'node:path';
import type { ConsumerOptions } from '../../../src';
import type { KeptProcess } from '../../stack/kept-process';
import { tailOf } from '../../stack/server-log';
import { workerEnvironment, type HandlerConfig } from '../worker-config';
import { startChild } from './children';

/** `leaving`: killed or told to end. Only `running` ones are chosen as victims. */
type WorkerState = 'running' | 'frozen' | 'leaving';

export interface PoolWorker {
  readonly name: string;
  readonly process: KeptProcess;
  state: WorkerState;
}

export interface PoolOptions {
  readonly folder: string;
  readonly consumer: ConsumerOptions;
  readonly handler: HandlerConfig;
  readonly signal: AbortSignal;
  /** Told when a worker ends that nobody asked to end. */
  readonly onProblem: (problem: Error) => void;
}

/** The worker processes of a run. */
export class WorkerPool {
  private readonly workers: PoolWorker[] = [];
  private started = 0;

  constructor(private readonly options: PoolOptions) {}

  async spawn(): Promise<void> {
    const { folder, consumer, handler, signal } = this.options;
    const name = `w${(this.started += 1)}`;
    const env = workerEnvironment({ worker: name, journal: join(folder, `${name}.jsonl`), consumer, handler });
    const process = await startChild({ name, program: 'worker.ts', env, folder, signal });
    const worker: PoolWorker = { name, process, state: 'running' };
    this.workers.push(worker);
    void process.exited.then((reason) => this.onExit(worker, reason));
  }

  /** One of the workers that run; `fraction` in [0, 1) chooses. */
  choose(fraction: number): PoolWorker | undefined {
    const running = this.workers.filter(({ state }) => state === 'running');
    return running[Math.floor(fraction * running.length)];
  }

  /** Asks all workers to end and waits until they have. */
  async stop(): Promise<void> {
    for (const worker of this.workers) worker.state = 'leaving';
    await Promise.all(this.workers.map(({ process }) => process.stop()));
  }

  private onExit(worker: PoolWorker, reason: string): void {
    if (worker.state === 'leaving') return;
    worker.state = 'leaving';
    const { logFile } = worker.process;
    this.options.onProblem(
      new Error(`worker ${worker.name} ended by itself, ${reason}; its log ends with\n${tailOf(logFile)}`),
    );
  }
}
