import { tailOf } from '../../stack/server-log';
import type { Journal } from '../journal';
import type { Signal } from '../journal-entries';
import type { Fault, Order } from './schedule';
import type { ProofStream } from './stream';
import { pause, waitUntil } from './wait';
import type { PoolWorker, WorkerPool } from './worker-pool';

type Kill = Extract<Fault, { kind: 'kill' }>;

const DRAIN_TIMEOUT_MS = 60_000;

export interface FaultWorld {
  readonly pool: WorkerPool;
  readonly stream: ProofStream;
  readonly journal: Journal;
  readonly shards: number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Obeys orders, where the schedule has any. */
  readonly operator?: { obey(order: Order): Promise<string> };
}

/** Carries out one fault, with what follows it: a replacement, or the end of the sleep. */
export async function carryOut(world: FaultWorld, fault: Fault): Promise<void> {
  await pause(fault.delayMs, world.signal);
  if (fault.kind === 'order') return world.log((await world.operator?.obey(fault)) ?? 'nobody to give an order');
  if (fault.kind === 'reshard') return world.log(await world.stream.reshard(fault, world.shards));
  const worker = await chooseVictim(world, fault);
  switch (fault.signal) {
    case 'SIGKILL':
      return killAndReplace(world, worker, fault);
    case 'SIGTERM':
      return Promise.all([terminate(world, worker), replaceLater(world, fault)]).then(() => undefined);
    case 'SIGSTOP':
      return freeze(world, worker, fault);
  }
}

async function chooseVictim({ pool, signal }: FaultWorld, { victim }: Kill): Promise<PoolWorker> {
  let worker: PoolWorker | undefined;
  await waitUntil(() => (worker = pool.choose(victim)) !== undefined, {
    timeoutMs: 60_000,
    what: 'a running worker',
    signal,
  });
  return worker as PoolWorker;
}

async function killAndReplace(world: FaultWorld, worker: PoolWorker, fault: Kill): Promise<void> {
  worker.state = 'leaving';
  await send(world, worker, 'SIGKILL');
  await replaceLater(world, fault);
}

async function terminate(world: FaultWorld, worker: PoolWorker): Promise<void> {
  worker.state = 'leaving';
  await send(world, worker, 'SIGTERM');
  const { process } = worker;
  await waitUntil(() => process.exitReason !== undefined, {
    timeoutMs: DRAIN_TIMEOUT_MS,
    what: () => `${worker.name} to end after SIGTERM; its log ends with\n${tailOf(process.logFile)}`,
    signal: world.signal,
  });
  if (process.exitReason === 'exit code 0') return;
  throw new Error(
    `${worker.name} ended after SIGTERM with ${process.exitReason}; its log ends with\n${tailOf(process.logFile)}`,
  );
}

async function freeze(world: FaultWorld, worker: PoolWorker, { pauseMs }: Kill): Promise<void> {
  worker.state = 'frozen';
  await send(world, worker, 'SIGSTOP');
  await pause(pauseMs, world.signal);
  await send(world, worker, 'SIGCONT');
  worker.state = 'running';
}

async function replaceLater({ pool, signal }: FaultWorld, { pauseMs }: Kill): Promise<void> {
  await pause(pauseMs, signal);
  await pool.spawn();
}

/** The journal knows of a signal before the worker does. */
async function send({ journal, log }: FaultWorld, worker: PoolWorker, signal: Signal): Promise<void> {
  await journal.append([{ kind: 'kill', worker: worker.name, signal }]);
  log(`${signal} to ${worker.name}`);
  await worker.process.signal(signal);
}
