import type { JournalEntry } from '../../../dev/prove/journal-entries';
import { advance, finish, startSlice } from './simulated-slice';
import { SimulatedStream } from './simulated-stream';
import { World, type Plan, type SimShard, type SimWorker } from './simulated-world';

export interface SimulatedRun {
  readonly entries: JournalEntry[];
  /** How often the planned bug struck: 0 if the run gave it no opportunity. */
  readonly planted: number;
}

const MAX_STEPS = 20_000;

/** A whole run of producers, workers, faults and reshards by the commit protocol, as the journals would tell it. */
export function simulateRun(plan: Plan): SimulatedRun {
  const world = new World(plan);
  new Simulation(world).run();
  return { entries: world.entries(), planted: world.planted };
}

class Simulation {
  private readonly stream: SimulatedStream;
  private killsLeft: number;
  private reshardsLeft: number;

  constructor(private readonly world: World) {
    this.stream = new SimulatedStream(world);
    this.killsLeft = world.plan.kills;
    this.reshardsLeft = world.plan.reshards;
    for (let index = 0; index < world.plan.workers; index++) this.addWorker();
  }

  run(): void {
    for (let step = 0; step < MAX_STEPS; step++) {
      if (this.isDone()) return;
      this.step();
    }
    // A bug may leave shards stuck for ever, as a real run would find them at its deadline.
    if (this.world.planted === 0) throw new Error('the simulated run does not end');
  }

  private isDone(): boolean {
    if (!this.stream.isDone) return false;
    const { shards, plan, slices } = this.world;
    for (const shard of shards) this.world.strike(() => plan.bug?.rest?.(this.world, shard) ?? false);
    const isBusy = slices.some((slice) => slice.phase !== 'over' && !['read', 'claim'].includes(slice.phase));
    return !isBusy && shards.every(isFinished);
  }

  private step(): void {
    const { random, plan } = this.world;
    if (random.chance(0.12)) this.burst();
    const progress = 1.5 / Math.max(1, plan.records);
    if (this.reshardsLeft > 0 && random.chance(progress * plan.reshards)) {
      this.reshardsLeft -= 1;
      this.stream.reshard();
    }
    if (this.killsLeft > 0 && random.chance(progress * plan.kills)) this.inject();
    for (const shard of this.world.shards) this.dispatch(shard);
    this.tendWorkers();
    this.advanceOne();
  }

  private burst(): void {
    for (let put = this.world.random.int(1, 20); put > 0; put--) this.stream.step();
  }

  private advanceOne(): void {
    this.world.slices = this.world.slices.filter(({ phase }) => phase !== 'over');
    const running = this.world.slices.filter(({ worker }) => worker.state === 'up' || worker.state === 'draining');
    if (running.length > 0) advance(this.world, this.world.random.pick(running));
  }

  private dispatch(shard: SimShard): void {
    const { random, plan } = this.world;
    if (shard.owner || shard.isKnownEnded || shard.isStuck || !random.chance(0.5)) return;
    const workers = this.world.workers.filter(({ state }) => state === 'up');
    if (workers.length === 0) return;
    const worker = random.pick(workers);
    const isBlocked = shard.parents.some((parent) => !parent.isEnded);
    if (isBlocked) return void this.world.strike(() => plan.bug?.blocked?.(this.world, shard, worker) ?? false);
    if (shard.trusted && this.world.strike(() => plan.bug?.trusted?.(this.world, shard, worker) ?? false)) return;
    startSlice(this.world, shard, worker, shard.trusted);
  }

  private inject(): void {
    const { random } = this.world;
    const targets = this.world.workers.filter(({ state }) => state === 'up');
    if (targets.length === 0) return;
    this.killsLeft -= 1;
    const worker = random.pick(targets);
    const signal = random.pick(['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const);
    this.world.write('runner', { kind: 'kill', worker: worker.name, signal });
    for (let step = random.int(0, 3); step > 0; step--) this.advanceOne();
    if (signal === 'SIGTERM') worker.state = 'draining';
    else if (signal === 'SIGSTOP') freeze(worker);
    else this.bury(worker);
    if (signal !== 'SIGSTOP') this.addWorker();
  }

  private bury(worker: SimWorker): void {
    worker.state = 'dead';
    for (const slice of this.world.slices) {
      if (slice.worker !== worker || slice.phase === 'over') continue;
      finish(slice);
    }
  }

  /** Heartbeats of a frozen worker time out; it wakes again; a drained worker exits. */
  private tendWorkers(): void {
    const { random, slices } = this.world;
    for (const worker of this.world.workers) {
      const own = slices.filter((slice) => slice.worker === worker && slice.phase !== 'over');
      if (worker.state === 'draining' && own.length === 0) worker.state = 'dead';
      if (worker.state !== 'frozen') continue;
      for (const slice of own) {
        if (slice.shard.owner === slice && random.chance(0.05)) slice.shard.owner = undefined;
      }
      if (!random.chance(0.02)) continue;
      this.world.write('runner', { kind: 'kill', worker: worker.name, signal: 'SIGCONT' });
      worker.state = 'up';
    }
  }

  private addWorker(): void {
    this.world.workers.push({ name: `worker-${this.world.workers.length + 1}`, state: 'up', wasStopped: false });
  }
}

function freeze(worker: SimWorker): void {
  worker.state = 'frozen';
  worker.wasStopped = true;
}

function isFinished(shard: SimShard): boolean {
  if (shard.isStuck || shard.isKnownEnded) return true;
  if (shard.parents.some((parent) => parent.isStuck || !parent.isEnded)) return shard.parents.every(isFinished);
  return !shard.isClosed && shard.done === shard.records.length;
}
