import { parseArgs } from 'node:util';
import { MOST_FLIGHTS } from './flights';

export interface DemoOptions {
  readonly records: number;
  /** The last line is the result as JSON; everything else goes to standard error. */
  readonly json: boolean;
  /** Servers and the worker stay up until Ctrl-C. */
  readonly keep: boolean;
}

const FEWEST_RECORDS = 1_000;
const DEFAULT_RECORDS = 20_000;

export const USAGE = `npm run demo -- [options]
  --records N   put the first N flights of the file (${FEWEST_RECORDS} to ${MOST_FLIGHTS}, default ${DEFAULT_RECORDS})
  --keep        keep Temporal's Web UI, the workflows and a worker up until Ctrl-C
  --json        print one JSON object as the last line: put, handled, duplicates, lost, mismatches, resumeMs,
                shardsBefore, shardsAfter`;

export class UsageError extends Error {}

/** Undefined if help was asked for. @throws UsageError */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const records = Number(values.records);
  if (!Number.isInteger(records) || records < FEWEST_RECORDS || records > MOST_FLIGHTS) {
    throw new UsageError(
      `Expected --records to be a whole number from ${FEWEST_RECORDS} to ${MOST_FLIGHTS}, got ${values.records}`,
    );
  }
  return { records, json: values.json, keep: values.keep };
}

function parse(args: readonly string[]): { records: string; json: boolean; keep: boolean; help: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  const options = {
    records: { type: 'string', default: String(DEFAULT_RECORDS) },
    json: flag,
    keep: flag,
    help: { ...flag, short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
