import { defaultConsumerOptions } from '../../src/core/option-values';
import { Child } from '../measure/child';
import { resultOf, type Result, type Run } from '../measure/result';
import type { BenchContext } from './bench-context';
import { runNaiveLoop } from './naive-run';
import { runTidemark, type TidemarkRunOptions } from './tidemark-run';

const SHARDS = 4;
const RECORD_BYTES = 1_024;
const LARGE_PAGE = 10_000;

interface Subject {
  readonly name: string;
  readonly run: () => Promise<Run>;
}

/** Records per second and per CPU-second from TRIM_HORIZON: Tidemark and a naive loop in turns, each in a process of its own. */
export async function throughput(context: BenchContext): Promise<Result[]> {
  const { records, repeats } = context.sizes;
  const recordsPerShard = Math.ceil(records / SHARDS);
  const order = { shards: SHARDS, recordsPerShard, recordBytes: RECORD_BYTES };
  const { child: kinesis, endpoint = '' } = await Child.start({ program: 'servers/canned-kinesis.ts', order });
  const stub = await Child.start({ program: 'servers/canned-dynamodb.ts', order: {} });
  try {
    const world = { context, kinesis, endpoint, expectedRecords: recordsPerShard * SHARDS };
    const runs = await inTurns(subjects(world, stub.endpoint), context);
    const parameters = { records: world.expectedRecords, shards: SHARDS, recordBytes: RECORD_BYTES, repeats };
    return [...runs].map(([subject, list]) => resultOf({ bench: 'throughput', subject, parameters }, list));
  } finally {
    await Promise.all([kinesis.stop(), stub.child.stop()]);
  }
}

function subjects(world: Omit<TidemarkRunOptions, 'consumer'>, stubEndpoint: string | undefined): Subject[] {
  const large = { maxBatchRecords: LARGE_PAGE, maxBatchBytes: 2 * LARGE_PAGE * RECORD_BYTES };
  const pageLimit = Math.max(1_000, defaultConsumerOptions.maxBatchRecords);
  return [
    { name: 'tidemark', run: () => runTidemark(world) },
    { name: 'naive loop', run: () => runNaiveLoop({ ...world, pageLimit }) },
    { name: 'tidemark, pages of 10,000', run: () => runTidemark({ ...world, consumer: large }) },
    { name: 'naive loop, pages of 10,000', run: () => runNaiveLoop({ ...world, pageLimit: LARGE_PAGE }) },
    { name: 'tidemark, canned DynamoDB', run: () => runTidemark({ ...world, dynamodbEndpoint: stubEndpoint }) },
  ];
}

/** A B A B, so that a slow minute of the machine hits all alike. */
async function inTurns(subjects: readonly Subject[], { sizes, report }: BenchContext): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 1; round <= sizes.repeats; round += 1) {
    for (const { name, run } of subjects) {
      const figures = await run();
      runs.get(name)?.push(figures);
      report.progress(
        `throughput ${round}/${sizes.repeats} ${name}: ${Math.round(figures.recordsPerSecond ?? 0)} records/s, ${Math.round(figures.recordsPerCpuSecond ?? 0)} per CPU-s`,
      );
    }
  }
  return runs;
}
