import { setTimeout as sleep } from 'node:timers/promises';
import type { FinishedReplay, ReplayHandle } from '../client/replay-handle';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { createWorker, type WorkerOptions } from '../worker/create-worker';
import { CommandFailed } from './command-failed';
import { installRuntime } from './log';
import { describeConsumerOf } from './letter-decision';
import { print, say } from './output';
import { showProgress } from './progress-line';
import { noteOfProgress, renderFinished } from './replay-text';
import { listenForStop } from './stop-signals';
import { codedTemporalOf, type TemporalFlags } from './temporal-options';

const LOOK_INTERVAL_MS = 1_000;
/** After so many looks without an answer, somebody should be told that no worker is there. */
const SILENT_LOOKS = 4;

export interface FollowFlags extends TemporalFlags {
  readonly work?: boolean;
  readonly json?: boolean;
}

export interface Followed {
  readonly file: string;
  readonly consumer: ConsumerDefinition;
  readonly handle: ReplayHandle;
}

/**
 * Shows how far a replay is until it has ended, and works for it if asked. Ctrl-C ends the showing, not the replay.
 * @throws CommandFailed if it did not go through, or a record failed
 */
export async function followReplay(followed: Followed, flags: FollowFlags): Promise<void> {
  const { consumer, handle } = followed;
  const left = new AbortController();
  const endListening = listenForStop({
    first: () => left.abort(),
    second: (_, exitCode) => process.exit(exitCode),
  });
  try {
    const finished = flags.work ? await workFor(followed, flags, left.signal) : await untilDone(followed, left.signal);
    if (finished === undefined) throw new CommandFailed();
    const { name, streamName } = consumer.options;
    const result = { consumer: name, stream: streamName, id: handle.id, ...finished };
    print(flags.json ? JSON.stringify(result, undefined, 2) : renderFinished(describeConsumerOf(consumer), finished));
    if (finished.end !== 'done' || finished.failed > 0 || finished.loss) throw new CommandFailed();
  } finally {
    endListening();
  }
}

/** For a worker that works for this replay alone: nothing of the live consumer comes to it. */
export async function replayWorkerOptions(
  { ownTaskQueue: taskQueue }: Pick<ReplayHandle, 'ownTaskQueue'>,
  flags: TemporalFlags,
): Promise<WorkerOptions> {
  return { temporal: await codedTemporalOf(flags), taskQueue };
}

async function workFor(
  followed: Followed,
  flags: TemporalFlags,
  left: AbortSignal,
): Promise<FinishedReplay | undefined> {
  installRuntime('warn');
  const worker = await createWorker([followed.consumer], await replayWorkerOptions(followed.handle, flags));
  const running = worker.run();
  const ended = new AbortController();
  // A worker that fails ends the following, too.
  const failed = running.then(() => undefined).finally(() => ended.abort());
  failed.catch(() => undefined);
  try {
    return await untilDone(followed, AbortSignal.any([left, ended.signal]));
  } finally {
    worker.shutdown();
    await running;
  }
}

/** Undefined if it was left before its end. */
async function untilDone({ handle, file }: Followed, left: AbortSignal): Promise<FinishedReplay | undefined> {
  const progress = showProgress('Replay', 100, process.stderr, (value) => `${value} %`);
  const ended = new AbortController();
  const result = handle.result().finally(() => ended.abort());
  result.catch(() => undefined);
  const over = AbortSignal.any([ended.signal, left]);
  let silentLooks = 0;
  while (!over.aborted) {
    const status = await Promise.race([handle.progress(), aborted(over)]).catch(() => undefined);
    silentLooks = status === undefined ? silentLooks + 1 : 0;
    if (status?.isPlanned) progress.update(status.percent, noteOfProgress(status));
    else if (silentLooks === SILENT_LOOKS && !over.aborted)
      say(`No worker answers yet: \`npx tidemark worker ${file}\` starts one, or follow it with --work.`);
    await sleep(LOOK_INTERVAL_MS, undefined, { signal: over }).catch(() => undefined);
  }
  try {
    if (ended.signal.aborted) return finish(await result, progress);
  } finally {
    progress.stop();
  }
  say(`\nThe replay goes on without this. To look at it again: \`npx tidemark replay follow ${file} ${handle.id}\`;`);
  say(`to end it: \`npx tidemark replay cancel ${file} ${handle.id}\`.`);
  return undefined;
}

function finish(finished: FinishedReplay, progress: ReturnType<typeof showProgress>): FinishedReplay {
  if (finished.end === 'done') progress.update(100, `${finished.records.toLocaleString('en-US')} records`);
  return finished;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
