import { join } from 'node:path';
import type { KeptProcess } from '../../stack/kept-process';
import { tailOf } from '../../stack/server-log';
import { startChild, type ChildOptions } from './children';

/** `leaving`: killed or told to end. Only `running` ones are chosen as victims. */
type WorkerState = 'running' | 'frozen' | 'leaving';

export interface PoolWorker {
  readonly name: string;
  readonly process: KeptProcess;
  state: WorkerState;
}

export interface PoolOptions extends Pick<ChildOptions, 'program' | 'nodeArgs' | 'folder' | 'signal'> {
  /** What the worker of this name is told. */
  readonly environment: (name: string) => Readonly<Record<string, string>>;
  /** Told when something goes wrong that nobody asked for. */
  readonly onProblem: (problem: Error) => void;
  /** Where given, workers may end by themselves: it is told, and another one is started in its place. */
  readonly onDeath?: (worker: PoolWorker, reason: string) => void;
  /** Told of each worker that is gone, for whatever reason. */
  readonly onGone?: (worker: PoolWorker) => void;
}

/** The worker processes of a run. */
export class WorkerPool {
  private readonly workers: PoolWorker[] = [];
  private started = 0;
  private isStopping = false;

  constructor(private readonly options: PoolOptions) {}

  async spawn(): Promise<void> {
    const { folder, environment, program, nodeArgs, signal } = this.options;
    const name = `w${(this.started += 1)}`;
    const env = environment(name);
    // A folder of its own: logs of one folder are pruned when there are many.
    const child = { name, program, env, nodeArgs, folder: join(folder, 'workers', name), signal };
    const process = await startChild(child);
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
    this.isStopping = true;
    for (const worker of this.workers) worker.state = 'leaving';
    await Promise.all(this.workers.map(({ process }) => process.stop()));
  }

  private onExit(worker: PoolWorker, reason: string): void {
    const { onGone, onDeath, onProblem } = this.options;
    onGone?.(worker);
    if (worker.state === 'leaving') return;
    worker.state = 'leaving';
    if (onDeath) return this.replace(worker, reason, onDeath);
    const { logFile } = worker.process;
    onProblem(new Error(`worker ${worker.name} ended by itself, ${reason}; its log ends with\n${tailOf(logFile)}`));
  }

  private replace(worker: PoolWorker, reason: string, onDeath: (worker: PoolWorker, reason: string) => void): void {
    onDeath(worker, reason);
    if (this.isStopping) return;
    this.spawn().catch((error: unknown) => {
      if (!this.isStopping && !this.options.signal.aborted) this.options.onProblem(error as Error);
    });
  }
}
