import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { mergeStream } from './merge-streams';
import { isOurs, type FromProcess, type ProcessAddresses, type ProcessJob, type ToProcess } from './messages';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said of its failure before it was ready, or why it could not be started. */
  readonly failure?: string;
}

export interface ProcessListener {
  readonly ready: (addresses: ProcessAddresses) => void;
  /** Once, when it has ended and all that it wrote has been passed on. */
  readonly ended: (ending: Ending) => void;
}

/** One worker process, as its supervisor sees it. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  send(message: ToProcess): void;
  kill(): void;
}

/** A process that has ended may have left others behind that hold its pipes. */
const OUTPUT_WAIT_MS = 1_000;

/** Starts a worker process. Its lines go to the streams of this one, with its number before each. */
export function startWorkerProcess(job: ProcessJob, listener: ProcessListener): WorkerProcess {
  const args = [`process-${job.process}`, job.command, ...job.files];
  const child = fork(require.resolve('./process-main'), args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const output = passOutputOn(child, `[${job.process}] `);
  let failure: string | undefined;
  let hasEnded = false;
  const end = async (ending: Ending): Promise<void> => {
    if (hasEnded) return;
    hasEnded = true;
    await Promise.race([output, sleep(OUTPUT_WAIT_MS, undefined, { ref: false })]);
    listener.ended(failure === undefined ? ending : { ...ending, failure });
  };
  child.on('message', (message) => {
    if (!isOurs<FromProcess>(message)) return;
    if (message.tidemark === 'ready') listener.ready(message.addresses);
    else failure = message.text;
  });
  child.once('exit', (code, signal) => void end({ code, signal }));
  child.on('error', (error) => {
    // An error of the channel comes here, too: then the process is still there, and its end will be seen.
    if (child.pid === undefined) void end({ code: null, signal: null, failure: `It cannot start: ${error.message}` });
  });
  const send = (message: ToProcess): void => {
    // A process that has just ended does not hear it any more, and that is all right.
    if (child.connected) child.send(message, () => undefined);
  };
  send({ tidemark: 'job', job });
  return { pid: child.pid, send, kill: () => void child.kill('SIGKILL') };
}

async function passOutputOn(child: ChildProcess, prefix: string): Promise<void> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) return;
  await Promise.all([mergeStream(stdout, process.stdout, prefix), mergeStream(stderr, process.stderr, prefix)]);
}
