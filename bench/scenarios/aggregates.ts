import { Child } from '../measure/child';
import { resultOf, type Result, type Run } from '../measure/result';
import type { AggregatesOrder } from '../programs/messages';
import type { BenchContext } from './bench-context';

const SUBJECTS: Readonly<Record<AggregatesOrder['subject'], string>> = {
  tidemark: 'Tidemark',
  'hash range': 'Tidemark, with the hash-range rule',
  'aws-kinesis-agg': 'aws-kinesis-agg',
};
const SIZES = [1_024, 100];
const AGGREGATE_BYTES = 50 * 1_024;
const SPAN = { warmUpMs: 1_000, measuredMs: 3_000 };
const RUN_LIMIT_MS = 60_000;

/** Opening of KPL aggregates, digest verified, by Tidemark and by AWS's library, in turns. */
export async function aggregates(context: BenchContext): Promise<Result[]> {
  let results: Result[] = [];
  for (const recordBytes of SIZES) {
    // A table for each size.
    if (results.length > 0) context.report.add(results);
    const parameters = { recordBytes, aggregateBytes: AGGREGATE_BYTES, repeats: context.sizes.repeats };
    const runs = await inTurns(recordBytes, context);
    results = [...runs].map(([subject, list]) => resultOf({ bench: 'aggregates', subject, parameters }, list));
  }
  return results;
}

async function inTurns(recordBytes: number, context: BenchContext): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>();
  for (let round = 1; round <= context.sizes.repeats; round += 1) {
    for (const [subject, name] of Object.entries(SUBJECTS)) {
      const order = { subject, recordBytes, aggregateBytes: AGGREGATE_BYTES, ...SPAN } as AggregatesOrder;
      const figures = await measure(context, order);
      runs.set(name, [...(runs.get(name) ?? []), figures]);
      const { userRecordsPerCpuSecond = 0 } = figures;
      context.report.progress(
        `${name}, ${recordBytes} bytes, run ${round}: ${Math.round(userRecordsPerCpuSecond)} user records per CPU-s`,
      );
    }
  }
  return runs;
}

async function measure({ pinning }: BenchContext, order: AggregatesOrder): Promise<Run> {
  const { child } = await Child.start({
    program: 'programs/aggregates.ts',
    order,
    wrap: (command) => pinning.alone(command),
  });
  try {
    child.tell({ kind: 'go' });
    return (await child.next('figures', RUN_LIMIT_MS)).figures;
  } finally {
    await child.stop();
  }
}
