import { Child } from '../measure/child';
import { resultOf, type Result } from '../measure/result';
import type { BenchContext } from './bench-context';
import { runTidemark } from './tidemark-run';

const SHARDS = 4;
/** What one activity per committed batch costs, beside the default. */
const INTERVALS_MS = [10_000, 60_000, 0];

/** History events and DynamoDB writes of one run at full speed, for several history intervals. */
export async function history(context: BenchContext): Promise<Result[]> {
  const recordsPerShard = Math.ceil(context.sizes.records / SHARDS);
  const order = { shards: SHARDS, recordsPerShard };
  const { child: kinesis, endpoint = '' } = await Child.start({ program: 'servers/canned-kinesis.ts', order });
  const results: Result[] = [];
  try {
    for (const historyIntervalMs of INTERVALS_MS) {
      const expectedRecords = recordsPerShard * SHARDS;
      const run = await runTidemark({ context, kinesis, endpoint, expectedRecords, consumer: { historyIntervalMs } });
      const {
        historyEventsPerMillionRecords,
        dynamodbWritesPerMillionRecords,
        recordsPerSecond,
        recordsPerCpuSecond,
        temporalCpuSeconds,
      } = run;
      const figures = {
        historyEventsPerMillionRecords,
        dynamodbWritesPerMillionRecords,
        recordsPerSecond,
        recordsPerCpuSecond,
        temporalCpuSeconds,
      };
      const parameters = { records: expectedRecords, shards: SHARDS, historyIntervalMs };
      results.push(
        resultOf({ bench: 'history', subject: `historyIntervalMs ${historyIntervalMs}`, parameters }, [
          definedOnly(figures),
        ]),
      );
    }
    return results;
  } finally {
    await kinesis.stop();
  }
}

function definedOnly(figures: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value ?? Number.NaN]));
}
