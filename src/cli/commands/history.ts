import type { Command } from 'commander';
import Table from 'cli-table3';
import { auditShards, readDiff, readHistory, type ShardAudit } from '../../client/checkpoint-history';
import { describeEvent } from '../../core/shard-details';
import type { HistoryEntry } from '../../core/history';
import { describePosition } from '../../core/positions';
import { oneConsumer } from '../backup-options';
import { CommandFailed } from '../command-failed';
import { addDebugOption } from '../debug-option';
import { renderDiff } from '../history-diff-text';
import { chosenConsumers, describeConsumerOf } from '../letter-decision';
import { wholeNumber } from '../option-values';
import { print } from '../output';
import { printable } from '../printable';
import { pastTime } from '../time-values';

interface HistoryFlags {
  readonly consumer?: string;
  readonly shard: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly diff?: readonly string[];
  readonly json?: boolean;
}

interface AuditFlags {
  readonly consumer?: string;
  readonly shard?: string;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 50;

export function addHistoryCommand(program: Command): void {
  const command = program
    .command('history')
    .description('what happened to the checkpoint of a shard: commits, moves, pauses, take-overs, dead letters')
    .argument('<file>', 'consumer file')
    .requiredOption('--shard <id>', 'the shard')
    .option('--consumer <name>', 'only this consumer of the file')
    .option('--from <time>', 'since: ISO 8601, or 90s, 30m, 2h, 7d ago', pastTime)
    .option('--to <time>', 'until', pastTime)
    .option('--limit <n>', 'the latest so many entries', wholeNumber, DEFAULT_LIMIT)
    .option('--diff <entries...>', 'what changed between two entries, named by their ids')
    .option('--json', 'as JSON, with everything');
  addDebugOption(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: HistoryFlags) => history(file, flags, command));
}

export function addAuditCommand(program: Command): void {
  const command = program
    .command('audit')
    .description('whether every position was committed: lists each gap, loss, skip and rewind with its cause')
    .argument('<file>', 'consumer file')
    .option('--consumer <name>', 'only this consumer of the file')
    .option('--shard <id>', 'only this shard')
    .option('--json', 'as JSON');
  addDebugOption(command)
    .addHelpText('after', AUDIT_EXAMPLES)
    .action((file: string, flags: AuditFlags) => audit(file, flags));
}

const EXAMPLES = `
An entry is written per shard and history interval in which something was committed, and kept for \`historyTtlMs\` (30 days).

Examples:
  $ npx tidemark history consumer.ts --shard shardId-000000000003 --from 2h
  $ npx tidemark history consumer.ts --shard shardId-000000000003 --diff 0f3a1c7b2d4e 9b8c7d6e5f4a
  $ npx tidemark history consumer.ts --shard shardId-000000000003 --json | jq '.[] | select(.kind == "move")'`;

const AUDIT_EXAMPLES = `
Exit code 1 if something is not accounted for. What operators skipped or rewound is listed, and is no fault.

Examples:
  $ npx tidemark audit consumer.ts
  $ npx tidemark audit consumer.ts --json | jq '.[].shards[].findings[]'`;

async function history(file: string, flags: HistoryFlags, command: Command): Promise<void> {
  const { shard: shardId, from: fromMs, to: toMs, limit, diff, json } = flags;
  if (diff) return showDiff(file, flags, diff, command);
  // One document of JSON is of one consumer.
  for (const consumer of json ? [await oneConsumer(file, flags)] : await chosenConsumers(file, flags)) {
    const entries = await readHistory(consumer, { shardId, fromMs, toMs, limit });
    print(json ? JSON.stringify(entries, undefined, 2) : renderHistory(entries));
  }
}

/** Among all entries of the time that was given, or of all time: `--limit` is about the list. */
async function showDiff(
  file: string,
  flags: HistoryFlags,
  [a, b, ...others]: readonly string[],
  command: Command,
): Promise<void> {
  const { shard: shardId, from: fromMs, to: toMs, json } = flags;
  if (a === undefined || b === undefined || others.length > 0)
    command.error('error: --diff compares two entries: name both by the ids that `history` shows');
  const diff = await readDiff(await oneConsumer(file, flags), { shardId, fromMs, toMs, from: a, to: b });
  print(json ? JSON.stringify(diff, undefined, 2) : renderDiff(diff));
}

export function renderHistory(entries: readonly HistoryEntry[]): string {
  if (entries.length === 0) return 'No entries. A shard that commits writes one per history interval.';
  const table = new Table({
    head: ['Entry', 'Time', 'What', 'From', 'To', 'Records', 'Worker'],
    colAligns: ['left', 'left', 'left', 'left', 'left', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  const notes: string[] = [];
  for (const entry of entries) {
    const { id, atMs, kind, from, to, records, worker, move, events } = entry;
    const what = move ? `${move.how} by ${printable(move.by)}` : kind;
    const time = new Date(atMs).toISOString();
    table.push([id, time, what, describePosition(from), describePosition(to), records.toLocaleString('en-US'), worker]);
    if (move?.reason) notes.push(`${id}: ${printable(move.reason)}`);
    notes.push(...events.map((event) => `${id}: ${printable(describeEvent(event))}`));
  }
  return [table.toString(), ...notes].join('\n');
}

async function audit(file: string, flags: AuditFlags): Promise<void> {
  let isCovered = true;
  const reports: object[] = [];
  for (const consumer of await chosenConsumers(file, flags)) {
    const shards = await auditShards(consumer, flags.shard);
    isCovered &&= shards.every((shard) => shard.isCovered);
    reports.push({ consumer: consumer.options.name, stream: consumer.options.streamName, shards });
    if (!flags.json) print([describeConsumerOf(consumer), ...shards.map(renderAudit)].join('\n'));
  }
  if (flags.json) print(JSON.stringify(reports, undefined, 2));
  if (!isCovered) throw new CommandFailed();
}

export function renderAudit({ shardId, isCovered, entries, records, sinceMs, findings }: ShardAudit): string {
  const since = sinceMs === undefined ? '' : ` since ${new Date(sinceMs).toISOString()}`;
  const verdict = entries === 0 ? 'no history' : isCovered ? 'covered' : 'NOT COVERED';
  const counts = `${entries.toLocaleString('en-US')} entries, ${records.toLocaleString('en-US')} records`;
  const lines = findings.map(
    ({ kind, atMs, from, to, cause }) =>
      `  ${new Date(atMs).toISOString()} ${kind}: ${from} to ${to} (${printable(cause)})`,
  );
  return [`${shardId}: ${verdict}${since}; ${counts}`, ...lines].join('\n');
}
