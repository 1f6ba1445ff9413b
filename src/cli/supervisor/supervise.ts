import { CommandFailed } from '../command-failed';
import { say } from '../output';
import { listenForStop } from '../stop-signals';
import { healthAddressOf, metricsOf, sayWaiting } from '../worker-setup';
import { startEndpoints } from './endpoints';
import type { ProcessJob } from './messages';
import { Supervisor } from './supervisor';
import { startWorkerProcess } from './worker-process';

/** Works with several processes until a signal; they finish their batches and hand over. A second signal ends all at once. */
export async function supervise(
  processes: number,
  { command, files, flags }: Pick<ProcessJob, 'command' | 'files' | 'flags'>,
): Promise<void> {
  const supervisor = new Supervisor({
    processes,
    // The consumers are started once: who stops one must not find it started again because a process was.
    start: (number, isFirst, listener) => {
      const job = {
        process: number,
        command: isFirst ? command : 'worker',
        files,
        flags,
        isTalkative: isFirst,
      } as const;
      return startWorkerProcess(job, listener);
    },
    allStarted: () => {
      if (command === 'worker') sayWaiting(files);
      say(`Working with ${processes} processes.`);
      if (endpoints.metricsUrl) say(`Metrics of all at ${endpoints.metricsUrl}`);
      if (endpoints.healthUrl) say(`Health of all at ${endpoints.healthUrl}/livez and /readyz`);
    },
  });
  const endpoints = await startEndpoints(supervisor, {
    metrics: metricsOf(flags)?.prometheus,
    health: healthAddressOf(flags),
  });
  const endListening = listenForStop({
    first: (signal) => {
      say(`${signal}: all processes finish their batches and hand over. Ctrl-C leaves at once.`);
      supervisor.stop(signal);
    },
    second: (signal, exitCode) => supervisor.leave(signal, exitCode),
  });
  try {
    const exitCode = await supervisor.run();
    if (exitCode !== 0) throw new CommandFailed(exitCode);
    if (supervisor.isStopping) say('All processes have stopped.');
  } finally {
    endListening();
    await endpoints.close();
  }
}
