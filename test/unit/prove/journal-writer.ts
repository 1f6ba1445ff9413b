import { openJournal } from '../../../dev/prove/journal';

/** Appends batches for ever and prints the counter of each batch that is on disk: a process to be killed. */
async function main(file: string): Promise<void> {
  const journal = await openJournal(file);
  const place = { shardId: 'shard-0', worker: 'w1', slice: 'run/1/1' };
  for (let counter = 1; ; counter += 2) {
    const entries = [counter, counter + 1].map((n) => ({ counter: n, id: `id-${n}`, sequenceNumber: String(n) }));
    await journal.append(entries.map((entry) => ({ kind: 'handled', key: 'k'.repeat(10_000), ...place, ...entry })));
    process.stdout.write(`${counter + 1}\n`);
  }
}

void main(process.argv[2] ?? '');
