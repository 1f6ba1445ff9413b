import { join } from 'node:path';
import { defineConsumer, TidemarkClient, type ConsumerDefinition, type ConsumerOptions } from '../../../src';
import { localKinesisClient } from '../../../test/support/scripted-kinesis/client';
import { openJournal, readJournals, type Journal } from '../journal';
import { checkRun } from '../oracle';
import type { Report } from '../oracle-report';
import { createRandom, type Random } from '../random';
import { conduct, type ConductedRun, type Outcome } from '../common/conduct';
import { paceOf, takeSteps, type FaultPlan } from '../common/fault-steps';
import type { FaultWorld } from '../common/faults';
import { untilCovered, whereShardsStand, type ProgressWorld } from '../common/progress';
import { quickConsumer } from '../common/quick-consumer';
import { createSchedule, mixedSignals, type Step } from '../common/schedule';
import { ProofStream } from '../common/stream';
import { WorkerPool } from '../common/worker-pool';
import { startWorld, type KinesisKind, type World } from '../common/world';
import { workerEnvironment, type HandlerBug } from '../worker-config';
import { JournalTail, journalsIn } from './journal-tail';
import { Operator } from './operator';
import { Producer } from './producer';
import { handlings, untilRenewedProgress } from './progress';

const KEYS_PER_SHARD = 50;
/** Long enough that many faults meet a batch between its effect and its commit. */
const HANDLER_MS = { beforeEffectMs: 20, afterEffectMs: 100 };

export const SOURCES = ['polling', 'fan-out'] as const;
export type Source = (typeof SOURCES)[number];

export interface CrashRunOptions {
  readonly records: number;
  readonly shards: number;
  readonly kills: number;
  readonly reshards: number;
  /** Orders of an operator: pauses, rewinds, undos, restores. Default: none. */
  readonly orders?: number;
  readonly workers: number;
  readonly seed: number;
  readonly kinesis: KinesisKind;
  /** How long the producer takes for its share of records between two steps of faults, milliseconds. */
  readonly stepMs: number;
  readonly bug?: HandlerBug;
  /** How workers read. Default: polling. */
  readonly source?: Source;
  /** Journals and logs. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** A consumer under load, faults and reshards, and what the oracle says of it. */
export async function crashRun(options: CrashRunOptions): Promise<Outcome<ControlReport>> {
  const { folder, signal } = options;
  const world = await startWorld({ kinesis: options.kinesis, folder, signal });
  try {
    const { run, evidence, problem, standing } = await conduct<OrderFacts | undefined, CrashRun>(
      signal,
      (inner, onProblem) => CrashRun.create({ ...options, signal: inner }, world, onProblem),
    );
    const { maxBatchRecords } = run;
    const report = await checkRun(readJournals(await journalsIn(folder)), { maxBatchRecords });
    return { report: { ...report, orders: evidence }, problem, standing };
  } finally {
    await world.close();
  }
}

/** What a run needs before it can be put together. */
interface Basis {
  readonly consumer: ConsumerOptions;
  readonly journal: Journal;
  readonly client: TidemarkClient;
  readonly onProblem: (problem: unknown) => void;
}

/** How orders were obeyed, and what the history of the checkpoints says in the end. */
export interface OrderFacts {
  readonly given: number;
  readonly refused: number;
  /** Milliseconds from the order to its answer, sorted. */
  readonly answeredMs: readonly number[];
  /** Shards whose audit found something that is not accounted for. */
  readonly uncovered: readonly string[];
}

export type ControlReport = Report & { readonly orders?: OrderFacts };

class CrashRun implements ConductedRun<OrderFacts | undefined> {
  private readonly pool: WorkerPool;
  private readonly stream: ProofStream;
  private readonly producer: Producer;
  private readonly tail: JournalTail;
  private readonly definition: ConsumerDefinition;
  private readonly operator: Operator;
  private readonly plan: FaultPlan;

  private constructor(
    private readonly options: CrashRunOptions,
    { streamName, kinesisEndpoint }: World,
    private readonly basis: Basis,
  ) {
    const { consumer, journal, onProblem } = basis;
    const { folder, signal, shards, records, stepMs, bug } = options;
    const random = createRandom(options.seed);
    this.plan = { steps: scheduleOf(random, options, consumer), records, stepMs };
    const handler = bug ? { ...HANDLER_MS, bug } : HANDLER_MS;
    const environment = (worker: string): Record<string, string> =>
      workerEnvironment({ worker, journal: join(folder, `${worker}.jsonl`), consumer, handler });
    this.pool = new WorkerPool({ folder, program: 'worker.ts', environment, signal, onProblem });
    const kinesis = localKinesisClient(kinesisEndpoint);
    this.stream = new ProofStream(kinesis, streamName, signal);
    const recordsPerSecond = paceOf(this.plan);
    const keys = KEYS_PER_SHARD * shards;
    this.producer = new Producer({ kinesis, streamName, journal, random, records, keys, recordsPerSecond, signal });
    this.tail = new JournalTail(folder);
    this.definition = defineConsumer({ ...consumer, handler: () => undefined });
    this.operator = new Operator(basis.client, this.definition, signal);
  }

  static async create(options: CrashRunOptions, world: World, onProblem: Basis['onProblem']): Promise<CrashRun> {
    const journal = await openJournal(join(options.folder, 'runner.jsonl'));
    const client = await TidemarkClient.connect();
    const consumer = { ...quickConsumer(world), ...(options.source === 'fan-out' ? { fanOut: {} } : {}) };
    return new CrashRun(options, world, { consumer, journal, client, onProblem });
  }

  /** Largest batch of the consumer. */
  get maxBatchRecords(): number | undefined {
    return this.basis.consumer.maxBatchRecords;
  }

  /** Far above what a slow machine takes. */
  get limitMs(): number {
    return 180_000 + this.plan.steps.length * (45_000 + this.options.stepMs);
  }

  /** Beside what the journals tell. */
  async gather(): Promise<OrderFacts | undefined> {
    const { operator, options, basis, definition } = this;
    if (!options.orders) return undefined;
    const audits = await basis.client.audit(definition);
    const answeredMs = operator.answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const uncovered = audits.filter(({ isCovered }) => !isCovered).map(({ shardId }) => shardId);
    return { given: operator.answers.length, refused: operator.refused, answeredMs, uncovered };
  }

  standing(): Promise<string> {
    return whereShardsStand(this.progress);
  }

  /** From the first record to the last checkpoint. */
  async complete(): Promise<void> {
    const { shards, workers } = this.options;
    await this.stream.create(shards);
    await this.basis.client.start(this.definition);
    await Promise.all(Array.from({ length: workers }, () => this.pool.spawn()));
    const { producer, tail, faultWorld: faults } = this;
    const untilRenewed = (): Promise<void> => untilRenewedProgress({ producer, tail, signal: faults.signal });
    const steps = takeSteps(this.plan, { faults, producer, untilRenewed, note: faults.log });
    await Promise.all([producer.run(), steps]);
    this.note('all records are put');
    await untilCovered(this.progress);
    await this.basis.client.stop(this.definition, { by: 'prove' });
    const lineage = await this.stream.lineage();
    await this.basis.journal.append(lineage.map((shard) => ({ kind: 'shard', ...shard })));
  }

  async close(): Promise<void> {
    await this.pool.stop();
    await this.basis.client.stop(this.definition, { by: 'prove', force: true }).catch(() => undefined);
    await this.basis.client.close();
    await this.basis.journal.close();
  }

  private get faultWorld(): FaultWorld {
    const { pool, stream, options, basis } = this;
    const { shards, signal } = options;
    const { operator } = this;
    return { pool, stream, journal: basis.journal, shards, signal, operator, log: (line) => this.note(line) };
  }

  private get progress(): ProgressWorld {
    const { definition, producer, tail, options, basis } = this;
    const pulse = (): Promise<number> => handlings(tail);
    return { client: basis.client, definition, newest: producer.newest, pulse, signal: options.signal };
  }

  private note(line: string): void {
    const { tail, producer } = this;
    this.options.log(`${line} (put ${producer.puts}, handled ${tail.handled.size}, refused ${tail.refused})`);
  }
}

/** With two workers, one goes on while the other one is down. */
function scheduleOf(random: Random, options: CrashRunOptions, { heartbeatTimeoutMs = 0 }: ConsumerOptions): Step[] {
  const { kills, reshards, orders, workers } = options;
  return createSchedule(random, {
    signals: mixedSignals(kills),
    reshards,
    orders,
    heartbeatTimeoutMs,
    maxKillsAtOnce: workers - 1,
  });
}
