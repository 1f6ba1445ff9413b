import { Child } from '../measure/child';
import { CpuMeter } from '../measure/process-cpu';
import type { Run } from '../measure/result';
import type { LoopOrder } from '../programs/messages';
import type { BenchContext } from './bench-context';
import { profiling } from './profiling';
import { RUN_LIMIT_MS, spanFigures } from './span-figures';

export interface NaiveRunOptions {
  readonly context: BenchContext;
  readonly kinesis: Child;
  readonly endpoint: string;
  readonly expectedRecords: number;
  readonly pageLimit: number;
}

/** One run of the naive loop over the whole stream. */
export async function runNaiveLoop({
  context,
  kinesis,
  endpoint,
  expectedRecords,
  pageLimit,
}: NaiveRunOptions): Promise<Run> {
  const order: LoopOrder = { endpoint, stream: 'bench', pageLimit, expectedRecords };
  const wrap = (command: readonly string[]): readonly string[] => context.pinning.alone(command);
  const { child } = await Child.start({
    program: 'programs/naive-loop.ts',
    order,
    wrap,
    nodeArguments: profiling(context, 'naive-loop'),
  });
  try {
    const meter = new CpuMeter({ kinesis: kinesis.pid });
    const ended = child.next('span', RUN_LIMIT_MS);
    child.tell({ kind: 'go' });
    const { span } = await ended;
    return { ...spanFigures(span), kinesisCpuSeconds: (meter.read().kinesis ?? Number.NaN) / 1_000 };
  } finally {
    await child.stop();
  }
}
