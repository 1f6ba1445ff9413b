import { Child } from '../measure/child';
import { resultOf, type Result, type Run } from '../measure/result';
import type { DecodeOrder } from '../programs/messages';
import type { BenchContext } from './bench-context';
import { profiling } from './profiling';

const RECORD_BYTES = 1_024;
const RUN_LIMIT_MS = 120_000;

const SUBJECTS = [
  { name: 'plain SDK', reader: 'sdk' },
  { name: 'tidemark, JSON', reader: 'json' },
  { name: 'tidemark, CBOR', reader: 'cbor' },
] as const;

/** A page of each size often enough for hundreds of milliseconds of CPU time, and for the compiler to have done its work before. */
const PAGES = [
  { pageRecords: 1_000, warmUpPages: 400, pages: 400 },
  { pageRecords: 10_000, warmUpPages: 40, pages: 40 },
] as const;

/** Pages out of a canned server, one after the other: what a record costs from the socket to its fields. */
export async function decode(context: BenchContext): Promise<Result[]> {
  const tables = [...(await overTransport(context, 'https')), ...(await overTransport(context, 'http'))];
  for (const table of tables.slice(0, -1)) context.report.add(table);
  return tables.at(-1) ?? [];
}

async function overTransport(context: BenchContext, transport: 'https' | 'http'): Promise<Result[][]> {
  const order = { shards: 1, recordsPerShard: 1_000_000, recordBytes: RECORD_BYTES, tls: transport === 'https' };
  const { child: server, endpoint = '' } = await Child.start({ program: 'servers/canned-kinesis.ts', order });
  const tables: Result[][] = [];
  try {
    for (const size of PAGES) {
      const { pageRecords } = size;
      const { repeats } = context.sizes;
      const parameters = { pageRecords, recordBytes: RECORD_BYTES, transport, repeats };
      const runs = await inTurns(context, { ...size, endpoint });
      tables.push([...runs].map(([subject, list]) => resultOf({ bench: 'decode', subject, parameters }, list)));
    }
    return tables;
  } finally {
    await server.stop();
  }
}

async function inTurns(context: BenchContext, order: Omit<DecodeOrder, 'reader'>): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(SUBJECTS.map(({ name }) => [name, []]));
  for (let round = 1; round <= context.sizes.repeats; round += 1) {
    const plain = await measure(context, { ...order, reader: 'sdk' });
    for (const { name, reader } of SUBJECTS) {
      const figures = reader === 'sdk' ? plain : await measure(context, { ...order, reader });
      // Beside the plain SDK of the same minute.
      const timesPlainSdk = (figures.recordsPerCpuSecond ?? Number.NaN) / (plain.recordsPerCpuSecond ?? Number.NaN);
      runs.get(name)?.push({ ...figures, timesPlainSdk });
      const text = `${Math.round(figures.recordsPerCpuSecond ?? 0)} per CPU-s, ${timesPlainSdk.toFixed(2)} times the plain SDK`;
      context.report.progress(`decode ${round}/${context.sizes.repeats} ${order.pageRecords} ${name}: ${text}`);
    }
  }
  return runs;
}

async function measure(context: BenchContext, order: DecodeOrder): Promise<Run> {
  const wrap = (command: readonly string[]): readonly string[] => context.pinning.alone(command);
  const nodeArguments = profiling(context, `decode-${order.reader}`);
  const { child } = await Child.start({ program: 'programs/decode.ts', order, wrap, nodeArguments });
  try {
    const ended = child.next('figures', RUN_LIMIT_MS);
    child.tell({ kind: 'go' });
    return (await ended).figures;
  } finally {
    await child.stop();
  }
}
