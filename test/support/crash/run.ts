import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { TidemarkClient, defineConsumer, type ConsumerOptions } from '../../../src';
import { createDynamodbClient } from '../../../src/aws/clients';
import { createCheckpointTable } from '../../../src/checkpoints/table';
import { openJournal, readJournals, type Journal } from '../../../dev/prove/journal';
import type { JournalEntry } from '../../../dev/prove/journal-entries';
import { checkRun } from '../../../dev/prove/oracle';
import type { Report } from '../../../dev/prove/oracle-report';
import { workerEnvironment, type HandlerConfig } from '../../../dev/prove/worker-config';
import { startScriptedKinesis, type ScriptedKinesis } from '../scripted-kinesis';
import { eventually } from '../eventually';
import { assertSource, SOURCE } from '../source';
import { stackEnv } from '../stack-env';

export const TABLE = 'tidemark-checkpoints';

export interface CrashRunOptions {
  readonly shards?: number;
  readonly consumer?: Partial<ConsumerOptions>;
  readonly handler?: Partial<HandlerConfig>;
  /** Environment of every worker, over that of the stack: addresses of proxies, crash points. */
  readonly env?: Readonly<Record<string, string>>;
  /** Clock of the scripted Kinesis, epoch milliseconds. */
  readonly retentionMs?: number;
}

export interface WorkerProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  output(): string;
}

/** One consumer over a scripted Kinesis, real Temporal and DynamoDB, with workers as processes and an oracle at the end. */
export class CrashRun {
  readonly stream = `stream-${randomUUID().slice(0, 8)}`;
  readonly consumerName = 'c';
  private readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  private readonly workers: WorkerProcess[] = [];
  private readonly counters = new Map<string, number>();
  private puts = 0;

  private constructor(
    readonly kinesis: ScriptedKinesis,
    readonly client: TidemarkClient,
    private readonly journal: { producer?: Journal },
    private readonly options: CrashRunOptions,
  ) {}

  static async create(options: CrashRunOptions = {}): Promise<CrashRun> {
    const kinesis = await startScriptedKinesis(
      options.retentionMs === undefined ? {} : { retentionMs: options.retentionMs },
    );
    const { env } = stackEnv();
    Object.assign(process.env, { ...env, AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint });
    const dynamodb = createDynamodbClient({});
    await createCheckpointTable(dynamodb, TABLE);
    dynamodb.destroy();
    const run = new CrashRun(kinesis, await TidemarkClient.connect(), {}, options);
    run.kinesis.createStream(run.stream, options.shards ?? 1);
    run.journal.producer = await openJournal(join(run.folder, 'producer.jsonl'));
    return run;
  }

  get consumerOptions(): ConsumerOptions {
    return {
      name: this.consumerName,
      stream: this.stream,
      startFrom: 'TRIM_HORIZON',
      maxBatchRecords: 10,
      pollIntervalMs: 200,
      historyIntervalMs: 1_000,
      heartbeatTimeoutMs: 2_000,
      shardSyncIntervalMs: 2_000,
      ...SOURCE,
      ...this.options.consumer,
    };
  }

  get definition(): ReturnType<typeof defineConsumer> {
    return defineConsumer({ ...this.consumerOptions, handler: () => undefined });
  }

  start(): ReturnType<TidemarkClient['start']> {
    return this.client.start(this.definition);
  }

  /** Puts records of the given keys, one after the other, each with the next counter of its key. */
  async put(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const counter = (this.counters.get(key) ?? 0) + 1;
      this.counters.set(key, counter);
      const id = `r${(this.puts += 1)}`;
      const { shardId, sequenceNumber } = this.kinesis.put(this.stream, key, JSON.stringify({ id, key, counter }));
      await this.journal.producer?.append([{ kind: 'put', id, key, counter, shardId, sequenceNumber }]);
    }
  }

  /** Journals the lineage of the stream as it is now. */
  async noteShards(): Promise<void> {
    const shards = this.kinesis.shards(this.stream);
    await this.journal.producer?.append(
      shards.map(({ shardId, parentShardIds }) => ({ kind: 'shard', shardId, parents: parentShardIds })),
    );
  }

  async spawnWorker(
    env: Readonly<Record<string, string>> = {},
    handler: Partial<HandlerConfig> = {},
  ): Promise<WorkerProcess> {
    const name = `w${this.workers.length + 1}`;
    const config = {
      worker: name,
      journal: join(this.folder, `${name}.jsonl`),
      consumer: this.consumerOptions,
      handler: { beforeEffectMs: 0, afterEffectMs: 0, ...this.options.handler, ...handler },
    };
    const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, '../../../dev/prove/worker.ts')], {
      env: { ...process.env, ...this.options.env, ...env, ...workerEnvironment(config) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
      child.once('exit', (code, signal) => resolve({ code, signal })),
    );
    const worker = { name, child, exited, output: () => output };
    this.workers.push(worker);
    await eventually(() => output.includes('ready') || child.exitCode !== null, {
      timeoutMs: 90_000,
      what: `worker ${name} to be ready: ${output}`,
    });
    return worker;
  }

  /** Sends a signal and journals it as a fault. */
  async signal({ name, child }: WorkerProcess, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    await this.journal.producer?.append([{ kind: 'kill', worker: name, signal }]);
    child.kill(signal);
  }

  async entries(): Promise<JournalEntry[]> {
    const files = readdirSync(this.folder).filter((file) => file.endsWith('.jsonl'));
    const entries: JournalEntry[] = [];
    for await (const entry of readJournals(files.map((file) => join(this.folder, file)))) entries.push(entry);
    return entries;
  }

  async handledIds(): Promise<string[]> {
    return (await this.entries()).flatMap((entry) => (entry.kind === 'handled' ? [entry.id] : []));
  }

  /** Resolves when every record put so far is handled and committed. */
  async drained(timeoutMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        const { shards } = await this.client.status(this.definition);
        const records = shards.reduce((sum, shard) => sum + shard.records, 0);
        return new Set(await this.handledIds()).size >= this.puts && records >= this.puts;
      },
      { timeoutMs, intervalMs: 200, what: `${this.puts} records to be handled and committed` },
    );
  }

  /** What the oracle says of everything journalled so far. */
  async judge(): Promise<Report> {
    await this.noteShards();
    return checkRun(await this.entries(), { maxBatchRecords: this.consumerOptions.maxBatchRecords });
  }

  async close(): Promise<void> {
    for (const { child } of this.workers)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await Promise.all(this.workers.map(({ exited }) => exited));
    await this.client
      .stop({ consumer: this.consumerName, streamName: this.stream }, { by: 'test', force: true })
      .catch(() => undefined);
    await this.client.close();
    await this.journal.producer?.close();
    await this.kinesis.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Creates a run, gives it to the test, and closes it whatever happens. */
export async function withCrashRun(options: CrashRunOptions, test: (run: CrashRun) => Promise<void>): Promise<void> {
  const run = await CrashRun.create(options);
  try {
    await test(run);
    assertSource(run.kinesis);
  } finally {
    await run.close();
  }
}

export function keys(count: number, distinct = 5): string[] {
  return Array.from({ length: count }, (_, index) => `k${index % distinct}`);
}
