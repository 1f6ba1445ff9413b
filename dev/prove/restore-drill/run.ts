import { join } from 'node:path';
import { defineConsumer, TidemarkClient, type ConsumerDefinition, type ConsumerOptions } from '../../../src';
import { createConsumerServices, type ConsumerServices } from '../../../src/aws/consumer-services';
import { localKinesisClient } from '../../../test/support/scripted-kinesis/client';
import { conduct, type ConductedRun, type Outcome } from '../common/conduct';
import { carryOut, type FaultWorld } from '../common/faults';
import { untilCovered, whereShardsStand, type ProgressWorld } from '../common/progress';
import type { ProofStage } from '../common/proof-command';
import { quickConsumer } from '../common/quick-consumer';
import { ProofStream } from '../common/stream';
import { waitUntil } from '../common/wait';
import { WorkerPool } from '../common/worker-pool';
import { startWorld, type World } from '../common/world';
import { JournalTail, journalsIn } from '../crash/journal-tail';
import { Producer } from '../crash/producer';
import { handlings, untilRenewedProgress } from '../crash/progress';
import { openJournal, readJournals, type Journal } from '../journal';
import { checkRun } from '../oracle';
import { createRandom } from '../random';
import { workerEnvironment } from '../worker-config';
import { Drill } from './drill';
import { judgeDrill, type DrillEvidence, type DrillReport, type RoundFacts } from './report';
import { describeRound, planRounds, type Round } from './scenarios';

const KEYS_PER_SHARD = 20;
/** Small, so that few records may be handled again. */
const MAX_BATCH_RECORDS = 20;
const HANDLER_MS = { beforeEffectMs: 20, afterEffectMs: 50 };
/** Shares of a round's records: put before what will help is made, before the loss, and before it is restored. */
const SHARES = { prepared: 0.3, lost: 0.6 };

export interface DrillOptions extends ProofStage {
  readonly rounds: number;
  readonly recordsPerRound: number;
  readonly recordsPerSecond: number;
  readonly shards: number;
  readonly kills: number;
  readonly workers: number;
  readonly seed: number;
  /** Planted: what was exported is changed before it is imported. */
  readonly bug?: 'badExport';
}

/** A consumer under load whose table and workflows are lost and restored, and what the oracle says of it. */
export async function drillRun(options: DrillOptions): Promise<Outcome<DrillReport>> {
  const { folder, signal } = options;
  const world = await startWorld({ kinesis: 'scripted', folder, signal });
  try {
    const { evidence, problem, standing } = await conduct<DrillEvidence, DrillRun>(signal, (inner, onProblem) =>
      DrillRun.create({ ...options, signal: inner }, world, onProblem),
    );
    const oracle = await checkRun(readJournals(await journalsIn(folder)), { maxBatchRecords: MAX_BATCH_RECORDS });
    return { report: judgeDrill(oracle, evidence), problem, standing };
  } finally {
    await world.close();
  }
}

interface Basis {
  readonly consumer: ConsumerOptions;
  readonly journal: Journal;
  readonly client: TidemarkClient;
  readonly onProblem: (problem: unknown) => void;
}

class DrillRun implements ConductedRun<DrillEvidence> {
  private readonly rounds: RoundFacts[] = [];
  private readonly plan: readonly Round[];
  private readonly pool: WorkerPool;
  private readonly stream: ProofStream;
  private readonly producer: Producer;
  private readonly tail: JournalTail;
  private readonly definition: ConsumerDefinition;
  private readonly services: ConsumerServices;
  private readonly drill: Drill;

  private constructor(
    private readonly options: DrillOptions,
    { streamName, kinesisEndpoint }: World,
    private readonly basis: Basis,
  ) {
    const { consumer, journal, client, onProblem } = basis;
    const { folder, signal, shards, rounds, kills, recordsPerSecond } = options;
    const random = createRandom(options.seed);
    this.plan = planRounds(random, rounds, kills);
    const environment = (worker: string): Record<string, string> =>
      workerEnvironment({ worker, journal: join(folder, `${worker}.jsonl`), consumer, handler: HANDLER_MS });
    this.pool = new WorkerPool({ folder, program: 'worker.ts', environment, signal, onProblem });
    const kinesis = localKinesisClient(kinesisEndpoint);
    this.stream = new ProofStream(kinesis, streamName, signal);
    const keys = KEYS_PER_SHARD * shards;
    // As many as the rounds take, however long they are: a shard without records writes a lost row again only after minutes.
    const records = Number.MAX_SAFE_INTEGER;
    this.producer = new Producer({ kinesis, streamName, journal, random, records, keys, recordsPerSecond, signal });
    this.tail = new JournalTail(folder);
    this.definition = defineConsumer({ ...consumer, handler: () => undefined });
    this.services = createConsumerServices(this.definition.options);
    const { definition, services } = this;
    this.drill = new Drill({ client, definition, services, journal, folder, signal, bug: options.bug });
  }

  static async create(options: DrillOptions, world: World, onProblem: Basis['onProblem']): Promise<DrillRun> {
    const journal = await openJournal(join(options.folder, 'runner.jsonl'));
    const client = await TidemarkClient.connect();
    const consumer = { ...quickConsumer(world), maxBatchRecords: MAX_BATCH_RECORDS };
    return new DrillRun(options, world, { consumer, journal, client, onProblem });
  }

  /** Far above what a slow machine takes. */
  get limitMs(): number {
    return 180_000 + this.plan.length * 90_000;
  }

  async complete(): Promise<void> {
    const { shards, workers } = this.options;
    await this.stream.create(shards);
    await this.basis.client.start(this.definition);
    await Promise.all(Array.from({ length: workers }, () => this.pool.spawn()));
    await Promise.all([this.producer.run(), this.takeRounds()]);
    await untilCovered(this.progress);
    await this.basis.client.stop(this.definition, { by: 'prove' });
    const lineage = await this.stream.lineage();
    await this.basis.journal.append(lineage.map((shard) => ({ kind: 'shard', ...shard })));
  }

  async gather(): Promise<DrillEvidence> {
    return { rounds: this.rounds, planned: this.plan.length };
  }

  standing(): Promise<string> {
    return whereShardsStand(this.progress);
  }

  async close(): Promise<void> {
    await this.pool.stop();
    await this.basis.client.stop(this.definition, { by: 'prove', force: true }).catch(() => undefined);
    await this.basis.client.close();
    this.services.close();
    await this.basis.journal.close();
  }

  private async takeRounds(): Promise<void> {
    for (const [index, round] of this.plan.entries()) {
      this.note(`round ${index + 1} of ${this.plan.length}: ${describeRound(round)}`);
      await this.takeRound(round);
    }
    this.producer.end();
  }

  private async takeRound(round: Round): Promise<void> {
    const { producer, tail, drill, options } = this;
    const { recordsPerRound, shards, signal } = options;
    // A round that was slow has put more than its share: the next one has records of its own all the same.
    const before = producer.puts;
    await this.untilPut(before + SHARES.prepared * recordsPerRound);
    await untilRenewedProgress({ producer, tail, signal });
    const prepared = await drill.prepare();
    await this.untilPut(before + SHARES.lost * recordsPerRound);
    await tail.poll();
    const againBefore = this.handledAgain();
    // What is put from now on meets the loss.
    producer.allow(before + recordsPerRound);
    const [restored] = await Promise.all([drill.loseAndRestore(round, prepared), this.kill(round)]);
    // What stands where it does not belong may never go on: it is told first.
    if (restored.differences.length === 0) await untilRenewedProgress({ producer, tail, signal });
    const recoverMs = performance.now() - restored.lostAtMs;
    const again = this.handledAgain() - againBefore;
    const slack = shards * MAX_BATCH_RECORDS * (2 + Number(round.kill !== undefined));
    this.rounds.push({ ...restored, round, recoverMs, again, slack });
    if (restored.differences.length > 0) throw new Error(`restored otherwise than it was: ${restored.differences[0]}`);
    this.note(`recovered after ${Math.round(recoverMs)} ms, ${again} records handled again`);
  }

  private async kill({ kill }: Round): Promise<void> {
    if (kill) await carryOut(this.faultWorld, { kind: 'kill', signal: 'SIGKILL', ...kill });
  }

  private handledAgain(): number {
    return this.tail.handlings - this.tail.handled.size;
  }

  private async untilPut(records: number): Promise<void> {
    const { producer, options } = this;
    producer.allow(records);
    const what = (): string => `${records} records to be put; ${producer.puts} are`;
    await waitUntil(() => producer.puts >= records, { timeoutMs: 120_000, what, signal: options.signal });
  }

  private get faultWorld(): FaultWorld {
    const { pool, stream, options, basis } = this;
    const { shards, signal } = options;
    return { pool, stream, journal: basis.journal, shards, signal, log: (line) => this.note(line) };
  }

  private get progress(): ProgressWorld {
    const { definition, producer, tail, options, basis } = this;
    const pulse = (): Promise<number> => handlings(tail);
    return { client: basis.client, definition, newest: producer.newest, pulse, signal: options.signal };
  }

  private note(line: string): void {
    const { tail, producer } = this;
    this.options.log(`${line} (put ${producer.puts}, handled ${tail.handled.size})`);
  }
}
