import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { PROJECT_ROOT } from '../../dev/stack/paths';
import type { ChildMessage, ParentMessage, Sample } from '../programs/messages';

const KEPT_OUTPUT = 4_000;
const STOP_LIMIT_MS = 15_000;

export interface ChildOptions {
  /** Relative to `bench/`. */
  readonly program: string;
  readonly order: unknown;
  /** Wraps the command line: see Pinning. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
  readonly nodeArguments?: readonly string[];
}

/** A program of the benchmarks in a process of its own. */
export class Child {
  private output = '';
  private readonly exited: Promise<void>;

  private constructor(private readonly process: ChildProcess) {
    const keep = (chunk: Buffer): void => void (this.output = (this.output + String(chunk)).slice(-KEPT_OUTPUT));
    process.stdout?.on('data', keep);
    process.stderr?.on('data', keep);
    this.exited = once(process, 'exit').then(() => undefined);
  }

  /** Starts the program and waits until it is ready. */
  static async start({
    program,
    order,
    wrap = (command) => command,
    nodeArguments = [],
  }: ChildOptions): Promise<{ child: Child; endpoint?: string }> {
    const file = path.join(PROJECT_ROOT, 'bench', program);
    const [command = '', ...args] = wrap([
      process.execPath,
      ...nodeArguments,
      '--import',
      'tsx',
      file,
      JSON.stringify(order),
    ]);
    const spawned = spawn(command, args, { cwd: PROJECT_ROOT, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const child = new Child(spawned);
    const { endpoint } = await child.next('ready', 60_000);
    return { child, endpoint };
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  tell(message: ParentMessage): void {
    this.process.send(message);
  }

  async sample(): Promise<Sample> {
    const answer = this.next('sample', 10_000);
    this.tell({ kind: 'sample' });
    return (await answer).sample;
  }

  /** The next message of a kind. */
  async next<Kind extends ChildMessage['kind']>(
    kind: Kind,
    timeoutMs: number,
  ): Promise<Extract<ChildMessage, { kind: Kind }>> {
    const waiting = new AbortController();
    const late = AbortSignal.timeout(timeoutMs);
    const gone = this.exited.then(() => Promise.reject(new Error(`a process under test has ended:\n${this.output}`)));
    try {
      return await Promise.race([this.receive(kind, AbortSignal.any([waiting.signal, late])), gone]);
    } catch (error) {
      if (late.aborted) throw new Error(`no ${kind} within ${timeoutMs} ms:\n${this.output}`, { cause: error });
      throw error;
    } finally {
      waiting.abort();
      gone.catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    if (this.process.connected) this.tell({ kind: 'stop' });
    const killer = setTimeout(() => this.process.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.exited;
    clearTimeout(killer);
  }

  private async receive<Kind extends ChildMessage['kind']>(
    kind: Kind,
    signal: AbortSignal,
  ): Promise<Extract<ChildMessage, { kind: Kind }>> {
    for (;;) {
      const [message] = (await once(this.process, 'message', { signal })) as [ChildMessage];
      if (isKind(message, kind)) return message;
    }
  }
}

function isKind<Kind extends ChildMessage['kind']>(
  message: ChildMessage,
  kind: Kind,
): message is Extract<ChildMessage, { kind: Kind }> {
  return message.kind === kind;
}
