import { join } from 'node:path';
import { localKinesisClient } from '../../../test/support/scripted-kinesis/client';
import type { Outcome } from '../common/conduct';
import { paceOf, takeSteps, type FaultPlan } from '../common/fault-steps';
import type { FaultWorld } from '../common/faults';
import { readLines } from '../common/lines';
import { conductNear, type NearRun, type NearStart } from '../common/near-run';
import { Pacer } from '../common/pacer';
import type { ProofStage } from '../common/proof-command';
import { quickConsumer } from '../common/quick-consumer';
import { Scene } from '../common/scene';
import { createSchedule, type KillSignal, type Step } from '../common/schedule';
import { addRecord, createSinkTable, readSink, type Amounts } from '../common/sink';
import { ProofStream } from '../common/stream';
import type { NearWorld } from '../common/world';
import { openJournal, type Journal } from '../journal';
import { createRandom, type Random } from '../random';
import { judgeExactlyOnce, type ExactlyOnceReport, type SinkEvidence } from './judge';
import { sinkOf, type SinkHandler, type SinkName } from './sinks';

export interface ExactlyOnceOptions extends ProofStage {
  readonly records: number;
  readonly shards: number;
  readonly kills: number;
  readonly freezes: number;
  readonly reshards: number;
  readonly workers: number;
  readonly sinks: readonly SinkName[];
  readonly seed: number;
  /** How long the producer takes for its share of records between two steps of faults, milliseconds. */
  readonly stepMs: number;
  readonly bug?: SinkHandler['bug'];
}

const KEYS_PER_SHARD = 12;
const HANDLER_MS = 100;
const MAX_PUTS_AT_ONCE = 5_000;

type Found = SinkEvidence['sinks'];

/** Counters under kills, frozen workers and reshards, and whether they equal what was put. */
export function exactlyOnceRun(options: ExactlyOnceOptions): Promise<Outcome<ExactlyOnceReport>> {
  return conductNear(options.signal, (start) => ExactlyOnceRun.create(options, start));
}

class ExactlyOnceRun implements NearRun<Found, ExactlyOnceReport> {
  private readonly expected: Amounts = new Map();
  private readonly plan: FaultPlan;
  private readonly pacer: Pacer;
  private readonly faults: FaultWorld;
  private readonly random: Random;
  private values = 0;

  private constructor(
    private readonly options: ExactlyOnceOptions,
    private readonly world: NearWorld,
    private readonly scene: Scene,
    private readonly journal: Journal,
  ) {
    const { records, stepMs, signal, shards, seed, log } = options;
    this.random = createRandom(seed);
    this.plan = { steps: scheduleOf(this.random, options), records, stepMs };
    const recordsPerSecond = paceOf(this.plan);
    const put = async (count: number): Promise<void> => this.put(count);
    this.pacer = new Pacer({ records, recordsPerSecond, maxAtOnce: MAX_PUTS_AT_ONCE, put, signal });
    const stream = new ProofStream(localKinesisClient(world.kinesis.endpoint), world.streamName, signal);
    this.faults = { pool: scene.pool, stream, journal, shards, signal, log };
  }

  static async create(given: ExactlyOnceOptions, start: NearStart): Promise<ExactlyOnceRun> {
    const { world, signal } = start;
    const options = { ...given, signal };
    const { folder, shards, sinks, bug } = options;
    const handler: SinkHandler = { run: world.streamName, handlerMs: HANDLER_MS, bug };
    const scene = await Scene.open({
      ...start,
      folder,
      shards,
      handler,
      consumers: sinks.map((name) => quickConsumer(world, name)),
      files: sinks.map((name) => `exactly-once/${name}-consumer.ts`),
      expectsDeaths: true,
    });
    await createSinkTable(scene.services.dynamodb);
    return new ExactlyOnceRun(options, world, scene, await openJournal(join(folder, 'faults.jsonl')));
  }

  get limitMs(): number {
    return 240_000 + this.options.records / 2 + this.plan.steps.length * (60_000 + this.options.stepMs);
  }

  async complete(): Promise<void> {
    const { scene, pacer, options } = this;
    await scene.start(options.workers);
    const untilRenewed = (): Promise<void> => scene.untilCovered();
    const note = (line: string): void => this.note(line);
    const steps = takeSteps(this.plan, { faults: this.faults, producer: pacer, untilRenewed, note });
    await Promise.all([pacer.run(), steps]);
    this.note('all records are put');
    await scene.untilCovered();
    await scene.stopConsumers();
  }

  async gather(): Promise<Found> {
    const { options, world, scene } = this;
    const names = options.sinks.map((name) => sinkOf(world.streamName, name));
    return Promise.all(names.map(async (name) => ({ name, found: await readSink(scene.services.dynamodb, name) })));
  }

  standing(): Promise<string> {
    return this.scene.standing();
  }

  async close(): Promise<void> {
    await this.scene.close();
    await this.journal.close();
  }

  async judge(sinks: Found = []): Promise<ExactlyOnceReport> {
    const { expected, options } = this;
    return judgeExactlyOnce({ expected, sinks, lines: await readLines(options.folder), kills: options.kills });
  }

  private put(count: number): void {
    for (let at = 0; at < count; at += 1) {
      const value = (this.values += 1);
      const partitionKey = `k${this.random.int(1, KEYS_PER_SHARD * this.options.shards)}`;
      addRecord(this.expected, { partitionKey, value });
      this.scene.put(partitionKey, `{"v":${value}}`);
    }
  }

  private note(line: string): void {
    this.options.log(`${line} (put ${this.pacer.puts})`);
  }
}

function scheduleOf(random: Random, { kills, freezes, reshards, workers }: ExactlyOnceOptions): Step[] {
  const signals: KillSignal[] = [
    ...new Array<KillSignal>(kills).fill('SIGKILL'),
    ...new Array<KillSignal>(freezes).fill('SIGSTOP'),
  ];
  return createSchedule(random, { signals, reshards, heartbeatTimeoutMs: 3_000, maxKillsAtOnce: workers - 1 });
}
