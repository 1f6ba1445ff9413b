import type { ConsumerOptions } from '../../src';
import { Child } from '../measure/child';
import { CpuMeter } from '../measure/process-cpu';
import type { Run } from '../measure/result';
import type { WorkerOrder, WorkerSpan } from '../programs/messages';
import type { BenchContext } from './bench-context';
import { shardHistories } from './histories';
import { profiling } from './profiling';
import { RUN_LIMIT_MS, spanFigures } from './span-figures';

export interface TidemarkRunOptions {
  readonly context: BenchContext;
  readonly kinesis: Child;
  readonly endpoint: string;
  /** Default: the emulator of the local stack. */
  readonly dynamodbEndpoint?: string;
  readonly expectedRecords: number;
  readonly consumer?: Partial<ConsumerOptions>;
}

/** A worker process under test, on the core that is kept for it. */
export async function startWorker(
  context: BenchContext,
  order: Omit<WorkerOrder, 'temporalAddress'>,
  nodeArguments: readonly string[] = [],
): Promise<Child> {
  const wrap = (command: readonly string[]): readonly string[] => context.pinning.alone(command);
  const { child } = await Child.start({
    program: 'programs/worker.ts',
    order: { ...order, temporalAddress: context.stack.temporalAddress } satisfies WorkerOrder,
    wrap,
    nodeArguments: [...profiling(context, 'worker'), ...nodeArguments],
  });
  return child;
}

/** One run of a fresh consumer over the whole stream. */
export async function runTidemark(options: TidemarkRunOptions): Promise<Run> {
  const { context, kinesis, endpoint, dynamodbEndpoint, expectedRecords } = options;
  const consumer = context.newConsumer({ kinesis: endpoint, dynamodb: dynamodbEndpoint }, options.consumer);
  const worker = await startWorker(context, { consumer, expectedRecords });
  try {
    const { temporal, dynamodb } = context.stack.processes;
    const meter = new CpuMeter({ kinesis: kinesis.pid, temporal, dynamodb });
    const startedNs = process.hrtime.bigint();
    const ended = worker.next('span', RUN_LIMIT_MS);
    ended.catch(() => undefined);
    await context.startConsumer(consumer);
    const span = (await ended).span as WorkerSpan;
    const cpu = meter.read();
    const shards = await shardHistories(context.temporal, consumer);
    return {
      ...spanFigures(span),
      startToFirstRecordMs: Number(BigInt(span.firstHandledNs) - startedNs) / 1e6,
      kinesisCpuSeconds: (cpu.kinesis ?? Number.NaN) / 1_000,
      temporalCpuSeconds: (cpu.temporal ?? Number.NaN) / 1_000,
      dynamodbCpuSeconds: dynamodbEndpoint === undefined ? (cpu.dynamodb ?? Number.NaN) / 1_000 : 0,
      historyEventsPerMillionRecords: perMillion(
        shards.reduce((sum, { events }) => sum + events, 0),
        span,
      ),
      dynamodbWritesPerMillionRecords: perMillion(span.commits + span.claims, span),
    };
  } finally {
    await context.stopConsumer(consumer);
    await worker.stop();
  }
}

function perMillion(count: number, { records }: WorkerSpan): number {
  return (count / records) * 1e6;
}
