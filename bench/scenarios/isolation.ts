import { cpus } from 'node:os';
import { Child } from '../measure/child';
import { resultOf, type Result, type Run } from '../measure/result';
import { HANDLERS } from '../programs/isolation-consumers';
import type { IsolationOrder } from '../programs/messages';
import type { BenchContext } from './bench-context';

const SHARDS = 4;
const BATCH = { batchRecords: 1_000, recordBytes: 1_024 };
const SPAN = { warmUpMs: 1_500, measuredMs: 4_000 };
const RUN_LIMIT_MS = 120_000;

/** Handlers in the main thread and in threads of their own, in turns; and what a thread costs. */
export async function isolation(context: BenchContext): Promise<Result[]> {
  const parameters = { shards: SHARDS, ...BATCH, repeats: context.sizes.repeats };
  const head = (subject: string): Omit<Result, 'figures'> => ({ bench: 'isolation', subject, parameters });
  const results: Result[] = [];
  for (const handler of HANDLERS) {
    const runs = await inTurns(handler, context);
    for (const [where, list] of runs) results.push(resultOf(head(`${handler}, ${where}`), list));
  }
  context.report.add(results);
  const threads: Run[] = [];
  for (let round = 0; round < context.sizes.repeats; round += 1)
    threads.push(await measure(context, { subject: 'threads', isolation: 'thread', handler: 'trivial' }));
  return [resultOf(head('a thread'), threads)];
}

async function inTurns(handler: string, context: BenchContext): Promise<Map<string, Run[]>> {
  const { repeats } = context.sizes;
  const runs = new Map<'inline' | 'thread', Run[]>([
    ['inline', []],
    ['thread', []],
  ]);
  for (let round = 1; round <= repeats; round += 1) {
    for (const [where, list] of runs) {
      const figures = await measure(context, { subject: 'handlers', isolation: where, handler });
      list.push(figures);
      const { recordsPerSecond = 0, recordsPerCpuSecond = 0 } = figures;
      const text = `${Math.round(recordsPerSecond)} records/s, ${Math.round(recordsPerCpuSecond)} per CPU-s`;
      context.report.progress(`isolation ${round}/${repeats} ${handler}, ${where}: ${text}`);
    }
  }
  return runs;
}

async function measure(
  { pinning }: BenchContext,
  what: Pick<IsolationOrder, 'subject' | 'isolation' | 'handler'>,
): Promise<Run> {
  const order: IsolationOrder = { ...what, shards: SHARDS, ...BATCH, ...SPAN };
  // No servers run for it, so it has all cores: what threads are for.
  // By all of them: this process itself sees only those that it was moved to.
  const cores = `0-${cpus().length - 1}`;
  const wrap = (command: readonly string[]): readonly string[] =>
    pinning.isOn ? ['taskset', '-c', cores, ...command] : command;
  const { child } = await Child.start({ program: 'programs/isolation.ts', order, wrap });
  try {
    const ended = child.next('figures', RUN_LIMIT_MS);
    child.tell({ kind: 'go' });
    return (await ended).figures;
  } finally {
    await child.stop();
  }
}
