/** What a worker process under a supervisor runs. It gets its job and its orders over the channel to the supervisor. */
import { startLoopWatchdog } from '../../handler/loop-watchdog';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { prepareRun } from '../commands/run';
import { prepareWork } from '../commands/worker';
import { failureText } from '../failure-text';
import { say } from '../output';
import { workUntilSignal } from '../work-until-signal';
import type { FromProcess, ProcessJob } from './messages';
import { prepareProcess, type PreparedProcess } from './prepare-process';
import { MAX_START_MS } from './process-health';
import { SupervisorOrders } from './supervisor-orders';

/** A handler that is in flight when the supervisor goes has its own time, and this much more. */
const ORPHAN_GRACE_MS = 60_000;

async function main(): Promise<number> {
  const orders = new SupervisorOrders(process, (exitCode) => process.exit(exitCode));
  // They break with the supervisor, and that must not end a batch in flight.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  // A file that blocks the event loop while it is loaded would not hear the supervisor go.
  const watchdog = startLoopWatchdog({ limitMs: MAX_START_MS });
  const job = await orders.job;
  let isReady = false;
  try {
    const { worker, logger, addresses } = await prepare(job);
    await tell({ tidemark: 'ready', addresses });
    isReady = true;
    watchdog.stop();
    await workUntilSignal(worker, logger, orders.listen);
    return 0;
  } catch (error) {
    const text = failureText(error, job.flags.debug === true);
    if (isReady) say(text);
    else await tell({ tidemark: 'failed', text });
    return 1;
  }
}

function prepare(job: ProcessJob): Promise<PreparedProcess> {
  const { command, files, flags } = job;
  const prepareAs = prepareProcess(job);
  const prepared: typeof prepareAs = (consumers, same) => {
    endAsOrphan(consumers);
    return prepareAs(consumers, same);
  };
  return command === 'run' ? prepareRun(files, flags, prepared) : prepareWork(files, flags, prepared);
}

/** No process outlives its supervisor for longer than a handler may take. */
function endAsOrphan(consumers: readonly ConsumerDefinition[]): void {
  const limitMs = Math.max(...consumers.map(({ options }) => options.handlerTimeoutMs)) + ORPHAN_GRACE_MS;
  process.once('disconnect', () => void setTimeout(() => process.exit(1), limitMs).unref());
}

function tell(message: FromProcess): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });
}

void main().then((exitCode) => process.exit(exitCode));
