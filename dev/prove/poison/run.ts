import { join } from 'node:path';
import type { ConsumerOptions } from '../../../src';
import { canaryOf, holdsCanary } from '../common/canary';
import type { Outcome } from '../common/conduct';
import { LeakyLogs, searchLeaks } from '../common/leak-search';
import { digestOf, readLetters, type LetterFacts } from '../common/letters';
import { ordinalOf, readLines } from '../common/lines';
import { conductNear, type NearRun, type NearStart } from '../common/near-run';
import type { ProofStage } from '../common/proof-command';
import { Scene } from '../common/scene';
import type { NearWorld } from '../common/world';
import type { Isolation, MachineTimes, PolicyTimes } from './bounds';
import type { PoisonBug, PoisonHandler } from './bugs';
import type { PoisonEvidence } from './evidence';
import { judgePoison } from './judge';
import { payloadOf, type PoisonKind } from './kinds';
import { goodPayload, keyOf, planPoison, type PoisonPlan } from './plan';
import type { PoisonReport } from './report';

export interface PoisonRunOptions extends ProofStage {
  readonly records: number;
  readonly shards: number;
  readonly poisons: number;
  readonly workers: number;
  readonly isolation: Isolation;
  readonly kinds: readonly PoisonKind[];
  readonly seed: number;
  readonly bug?: PoisonBug;
}

type Gathered = Pick<PoisonEvidence, 'letters' | 'leaks'>;

const MAX_BATCH = 1_000;
/** Small, so that a record that exhausts it does so soon; the pages of several shards still fit. */
const HEAP_MB = 320;
const PUTS_AT_ONCE = 2_000;
const CONSUMER_FILE = 'poison/consumer.ts';

const MACHINE: MachineTimes = { runMs: 2_000, restartMs: 10_000 };

/** A stream with poison in it, consumed; and what the judge says of it. */
export function poisonRun(options: PoisonRunOptions): Promise<Outcome<PoisonReport>> {
  return conductNear(options.signal, (start) => PoisonRun.create(options, start));
}

class PoisonRun implements NearRun<Gathered, PoisonReport> {
  private readonly digests = new Map<number, string>();
  private readonly shardIds: readonly string[];
  private readonly plan: PoisonPlan;
  private firstOrdinal = 0;

  private constructor(
    private readonly options: PoisonRunOptions,
    private readonly world: NearWorld,
    private readonly scene: Scene,
    private readonly logs: LeakyLogs,
  ) {
    this.plan = planPoison(options);
    this.shardIds = world.kinesis.shards(world.streamName).map(({ shardId }) => shardId);
  }

  static async create(given: PoisonRunOptions, start: NearStart): Promise<PoisonRun> {
    const { world, signal } = start;
    const options = { ...given, signal };
    const { folder, shards, isolation, seed, bug } = options;
    const plan = planPoison(options);
    const logs = new LeakyLogs(holdsCanary(canaryOf(seed)));
    const handler: PoisonHandler = { shards, bug, innocent: innocentOf(plan) };
    const scene = await Scene.open({
      ...start,
      folder,
      shards,
      handler,
      consumers: [consumerOptions(world, plan, isolation)],
      files: [CONSUMER_FILE],
      nodeArgs: [`--max-old-space-size=${HEAP_MB}`],
      expectsDeaths: true,
      onGone: ({ name, process }) => logs.search(name, process.logFile),
    });
    return new PoisonRun(options, world, scene, logs);
  }

  get limitMs(): number {
    const { records, shards, poisons } = this.options;
    return 300_000 + records + Math.ceil(poisons / shards) * 240_000;
  }

  async complete(): Promise<void> {
    const { scene } = this;
    const { workers, log } = this.options;
    await Promise.all([this.putAll().then(() => log('all records are put')), scene.start(workers)]);
    log('all workers have started');
    await scene.untilCovered({ stallLimitMs: 300_000 });
    log('every record is covered');
    await scene.stopConsumers();
  }

  async gather(): Promise<Gathered> {
    const letters: LetterFacts[] = await readLetters(this.scene, this.shardIds);
    return {
      letters,
      leaks: await searchLeaks(this.scene, this.world.tableName, holdsCanary(canaryOf(this.options.seed))),
    };
  }

  standing(): Promise<string> {
    return this.scene.standing();
  }

  close(): Promise<void> {
    return this.scene.close();
  }

  async judge({ letters, leaks }: Gathered = { letters: [], leaks: [] }): Promise<PoisonReport> {
    const { plan, shardIds, firstOrdinal, digests } = this;
    const lines = await readLines(this.options.folder);
    const evidence: PoisonEvidence = {
      plan,
      shardIds,
      firstOrdinal,
      digests,
      lines,
      letters,
      leaks: [...leaks, ...(await this.logs.found())],
    };
    const { isolation } = this.options;
    return judgePoison(evidence, { isolation, policy: policyOf(plan), machine: MACHINE });
  }

  /** Record after record, one shard after the other. */
  private async putAll(): Promise<void> {
    const { records, signal } = this.options;
    for (let number = 0; number < records; number += 1) {
      if (number % PUTS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      this.put(number);
    }
  }

  private put(number: number): void {
    const { scene, plan, options } = this;
    const { shards, seed } = options;
    const poison = plan.poisons.get(number);
    const data = poison ? payloadOf(poison, canaryOf(seed)) : goodPayload(number);
    if (typeof data !== 'string') this.digests.set(number, digestOf(data));
    const { sequenceNumber } = scene.put(keyOf(number, shards), data, this.shardIds[number % shards]);
    if (number === 0) this.firstOrdinal = ordinalOf(sequenceNumber);
  }
}

/** Any good record that is not the first. */
function innocentOf({ records, poisons }: PoisonPlan): number {
  return Array.from({ length: records }, (_, at) => at).find((at) => at > records / 3 && !poisons.has(at)) ?? 0;
}

const TIMES = { handlerTimeoutMs: 1_500, heartbeatTimeoutMs: 2_000 };
/** src/worker/create-worker.ts: 10 s at least, and up to 2 s more to say where it was. */
const BLOCK_LIMIT_MS = 12_000;
const ON_FAILURE = { maxAttempts: 5, minBackoffMs: 200, maxBackoffMs: 1_000, backoffFactor: 2, maxDeaths: 2 };

function batchOf({ gap }: PoisonPlan): number {
  return Math.min(MAX_BATCH, Math.max(1, Math.floor(gap / 4)));
}

function policyOf(plan: PoisonPlan): PolicyTimes {
  return { ...ON_FAILURE, ...TIMES, blockLimitMs: BLOCK_LIMIT_MS, maxBatchRecords: batchOf(plan) };
}

function consumerOptions(
  { streamName, tableName }: NearWorld,
  plan: PoisonPlan,
  isolation: Isolation,
): ConsumerOptions {
  return {
    name: 'prove',
    stream: streamName,
    startFrom: 'TRIM_HORIZON',
    tableName,
    maxBatchRecords: batchOf(plan),
    pollIntervalMs: 200,
    historyIntervalMs: 5_000,
    shardSyncIntervalMs: 60_000,
    ...TIMES,
    onFailure: ON_FAILURE,
    isolation,
    file: join(__dirname, 'consumer.ts'),
  };
}
