import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

import { type ServerLog } from './server-log';

/** How long a keeper may take to end its server (3 s until SIGKILL) and itself. */
const STOP_LIMIT_MS = 10_000;
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH'];

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server process under a keeper that ends it when this process ends, however this process ends. */
export interface KeptProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Why the server is gone; undefined while it runs. */
  readonly exitReason: string | undefined;
  /** Resolves with the reason when the server is gone; never rejects. */
  readonly exited: Promise<string>;
  /** SIGTERM, then SIGKILL after 3 s; resolves when the server is gone. Idempotent. */
  stop(): Promise<void>;
  /** Signals the server itself, not its keeper; after SIGKILL it waits until the server is gone. */
  signal(signal: NodeJS.Signals): Promise<void>;
}

interface KeeperMessage {
  started?: number;
  failed?: string;
  exited?: Exit;
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Starts a command under a keeper. Rejects if the command cannot be executed. */
export async function keep(line: CommandLine, log: ServerLog): Promise<KeptProcess> {
  const keeper = spawnKeeper(line, log);
  const state: { pid?: number; exitReason?: string } = {};
  let started: () => void = () => {};
  const running = new Promise<void>((resolve) => (started = resolve));
  keeper.on('message', (message: KeeperMessage) => {
    if (message.started !== undefined) state.pid = message.started;
    if (message.failed !== undefined) state.exitReason = message.failed;
    if (message.exited) state.exitReason = describeExit(message.exited);
    started();
  });
  const exited = whenGone(keeper).then((end) => {
    if (end.signal && state.pid !== undefined) killGroup(state.pid);
    return (state.exitReason ??= `its keeper: ${describeExit(end)}`);
  });
  await Promise.race([running, exited]);
  const { pid } = state;
  if (pid === undefined) throw new Error(`cannot run ${line.command}: ${await exited}`);
  unref(keeper);
  return {
    pid,
    logFile: log.file,
    get exitReason() {
      return state.exitReason;
    },
    exited,
    stop: () => stopKeeper(keeper, exited, pid),
    signal: (signal) => signalServer(keeper, exited, pid, signal),
  };
}

function spawnKeeper(line: CommandLine, log: ServerLog): ChildProcess {
  const keeper = path.join(__dirname, 'keeper.mjs');
  return spawn(process.execPath, [keeper, line.command, ...line.args], {
    detached: true,
    env: { ...inheritedEnv(), ...line.env },
    stdio: ['ignore', log.descriptor, log.descriptor, 'ipc'],
  });
}

/** Only what a program needs to run: no credential and no setting of the user reaches a local server. */
function inheritedEnv(): Record<string, string> {
  const pairs = INHERITED.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** Resolves after the keeper's last message has been received, too. */
function whenGone(keeper: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    keeper.once('error', () => resolve({ code: 1, signal: null }));
    keeper.once('exit', (code, signal) => {
      const end = () => resolve({ code, signal });
      if (keeper.connected) keeper.once('disconnect', end);
      else end();
    });
  });
}

/** A forgotten stack must not keep its program from ending: the keepers notice and clean up. */
function unref(keeper: ChildProcess): void {
  keeper.unref();
  keeper.channel?.unref();
}

/** While someone waits for the end of a server, this process must not run out of things to do. */
function ref(keeper: ChildProcess): void {
  keeper.ref();
  keeper.channel?.ref();
}

async function stopKeeper(keeper: ChildProcess, exited: Promise<string>, pid: number): Promise<void> {
  ref(keeper);
  if (keeper.connected) keeper.disconnect();
  const giveUp = setTimeout(() => {
    keeper.kill('SIGKILL');
    killGroup(pid);
  }, STOP_LIMIT_MS);
  await exited;
  clearTimeout(giveUp);
}

async function signalServer(
  keeper: ChildProcess,
  exited: Promise<string>,
  pid: number,
  signal: NodeJS.Signals,
): Promise<void> {
  process.kill(pid, signal);
  if (signal !== 'SIGKILL') return;
  ref(keeper);
  await exited;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}

function describeExit(exit: Exit): string {
  return exit.signal ? `ended by ${exit.signal}` : `exit code ${exit.code}`;
}
