import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PROJECT_ROOT } from '../../dev/stack/paths';
import type { Contestant } from './contestant';
import type { RaceOrder } from './messages';
import { ProcessTree } from './process-tree';
import type { WorkerReports } from './report-server';

const KEPT_OUTPUT = 4_000;
const STOP_LIMIT_MS = 60_000;

/** A contestant's process, with all it has started. */
export class Entrant {
  readonly startedNs = process.hrtime.bigint();
  private output = '';
  private readonly tree: ProcessTree;

  private constructor(
    readonly contestant: Contestant,
    readonly order: RaceOrder,
    readonly reports: WorkerReports,
    private readonly child: ChildProcess,
  ) {
    const keep = (chunk: Buffer): void => void (this.output = (this.output + String(chunk)).slice(-KEPT_OUTPUT));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.tree = new ProcessTree(child.pid ?? 0);
  }

  static start(
    contestant: Contestant,
    order: RaceOrder,
    reports: WorkerReports,
    wrap: (command: readonly string[]) => readonly string[],
  ): Entrant {
    const { command, args, env } = contestant.commandLine(order);
    const [file = '', ...rest] = wrap([command, ...args]);
    // A group of its own, so that a kill reaches all of it.
    const child = spawn(file, rest, {
      cwd: PROJECT_ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...env },
    });
    return new Entrant(contestant, order, reports, child);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  cpuMs(): number {
    return this.tree.cpuMs();
  }

  peakRssMb(): number {
    return this.tree.peakRssMb();
  }

  /** Resolves when the first record has come to the handler, with the time since the start of the process. */
  async firstRecordMs(): Promise<number> {
    await this.until(() => this.reports.batches.length > 0, this.contestant.startLimitMs, 'first record');
    return Number(BigInt(this.reports.batches[0]?.atNs ?? 0) - this.startedNs) / 1e6;
  }

  async until(isDone: () => boolean, timeoutMs: number, what: string): Promise<void> {
    try {
      await this.reports.until(isDone, { timeoutMs, what });
    } catch (error) {
      throw new Error(`${this.order.worker}: ${String(error)}\n${this.output}`, { cause: error });
    }
  }

  /** SIGTERM to the process that was started, as a supervisor would send it. */
  terminate(): void {
    this.child.kill('SIGTERM');
  }

  /** SIGKILL to the whole group. */
  kill(): void {
    if (this.child.pid !== undefined && !this.hasEnded) process.kill(-this.child.pid, 'SIGKILL');
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    const killer = setTimeout(() => this.kill(), STOP_LIMIT_MS);
    this.terminate();
    await ended;
    clearTimeout(killer);
  }

  async killed(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    this.kill();
    await ended;
  }
}
