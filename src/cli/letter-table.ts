import Table from 'cli-table3';
import type { DeadLetterListing } from '../client/dead-letter-table';
import type { DeadLetterHead } from '../core/dead-letter';
import type { DeadLetterCounts } from '../dead-letters/dead-letter-store';
import { printable } from './printable';

const COLUMNS = ['Sequence number', 'Partition key', 'Set aside', 'Status', 'Last error', 'Attempts', 'Bytes'];
const COUNTS = [5, 6];
const MAX_KEY_CHARS = 24;

/** Letters of one consumer on a terminal: a table per shard, with the counts of all that fit the filter but for their status. */
export function renderListing(name: string, { letters, hasMore }: DeadLetterListing, counts: DeadLetterCounts): string {
  const shardIds = [...new Set(letters.map(({ shard }) => shard.shardId))];
  const tables = shardIds.map((shardId) => {
    return `${shardId}\n${renderTable(letters.filter(({ shard }) => shard.shardId === shardId))}`;
  });
  const more = hasMore ? [`Only the first ${letters.length} are shown; --limit shows more.`] : [];
  return [renderCounts(name, counts), ...tables, ...more].join('\n');
}

function renderCounts(name: string, { total, byStatus, byCode }: DeadLetterCounts): string {
  if (total === 0) return `${name}: no dead letters.`;
  const letters = total === 1 ? '1 dead letter' : `${total.toLocaleString('en-US')} dead letters`;
  return `${name}: ${letters} (${renderNumbers(byStatus, (status) => status.toLowerCase())}); by last error: ${renderNumbers(byCode)}`;
}

function renderNumbers(
  counts: Readonly<Record<string, number>>,
  say: (name: string) => string = (name) => name,
): string {
  const largestFirst = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return largestFirst.map(([name, count]) => `${printable(say(name))} ${count.toLocaleString('en-US')}`).join(', ');
}

function renderTable(letters: readonly DeadLetterHead[]): string {
  const table = new Table({
    head: COLUMNS,
    colAligns: COLUMNS.map((_, index) => (COUNTS.includes(index) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const letter of letters) table.push(cellsOf(letter));
  return table.toString();
}

function cellsOf(letter: DeadLetterHead): string[] {
  const { sequenceNumber, subSequenceNumber, partitionKey, writtenAtMs, status, errors, bytes } = letter;
  return [
    `${sequenceNumber}${subSequenceNumber === undefined ? '' : `.${subSequenceNumber}`}`,
    shortKey(printable(partitionKey)),
    new Date(writtenAtMs).toISOString().slice(0, 19).replace('T', ' '),
    status,
    printable(errors.at(-1)?.code ?? ''),
    String(errors.reduce((sum, { attempts }) => sum + attempts, 0)),
    bytes.toLocaleString('en-US'),
  ];
}

function shortKey(key: string): string {
  const characters = [...key];
  return characters.length <= MAX_KEY_CHARS ? key : `${characters.slice(0, MAX_KEY_CHARS - 1).join('')}…`;
}
