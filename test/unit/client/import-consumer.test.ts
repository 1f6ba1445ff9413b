import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import { planImportOf } from '../../../src/client/import-consumer';
import type { Backup } from '../../../src/core/backup';
import { ZERO_TOTALS } from '../../../src/core/checkpoint';
import type { DeadLetter } from '../../../src/core/dead-letter';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { MemoryDeadLetterStore } from '../../../src/dead-letters/memory-dead-letters';
import { newStream, shardOf, state, writeOf } from '../../support/checkpoint-store.contract';
import { letterOf } from '../../support/dead-letter-store.contract';

const stream = newStream('flights');
const shard = shardOf(stream);
const other = shardOf(stream, 'shardId-000000000001');
const AFTER_9 = { at: 'AFTER', sequenceNumber: '9' } as const;

let store: MemoryCheckpointStore;
let letters: MemoryDeadLetterStore;

beforeEach(() => {
  store = new MemoryCheckpointStore();
  letters = new MemoryDeadLetterStore();
});

function parked(sequenceNumber: string, partitionKey: string, change: Partial<DeadLetter> = {}): DeadLetter {
  return letterOf(shard, { sequenceNumber, partitionKey, status: 'PARKED', ...change });
}

function put(...some: DeadLetter[]): void {
  letters.apply(some.map((letter) => letters.headItem(letter)));
}

function backupWith(...some: DeadLetter[]): Backup {
  const checkpoint = { position: AFTER_9, generation: 0, totals: ZERO_TOTALS, committedAtMs: 5 };
  const shards = [shard, other].map(({ shardId }) => ({
    shardId,
    parentShardIds: [],
    start: TRIM_HORIZON,
    checkpoint,
  }));
  return { stream, exportedAtMs: 7, shards, deadLetters: { open: 0, parked: some.length, letters: some } };
}

it('an import counts the parked keys of the letters in the table and of those that it will write', async () => {
  put(
    parked('1', 'a'),
    parked('2', 'a'),
    parked('3', 'open', { status: 'OPEN' }),
    parked('4', 'd', { status: 'REDRIVEN' }),
  );
  const backup = backupWith(
    parked('2', 'a'),
    parked('5', 'b'),
    // It was redriven since the export: what is in the table stays.
    parked('4', 'd'),
    parked('6', 'open', { status: 'OPEN' }),
    parked('7', 'c', { shard: other }),
  );
  const { steps } = await planImportOf({ store, letters }, backup, false);
  expect(steps).toMatchObject([
    { action: 'create', checkpoint: { parkedKeys: 2 } },
    { action: 'create', checkpoint: { parkedKeys: 1 } },
  ]);
});

it('an import of an older backup leaves the parked keys of a row counted', async () => {
  put(parked('1', 'a'));
  await store.write(writeOf(shard, { absent: true }, state('a', { position: { at: 'AFTER', sequenceNumber: '20' } })));
  const { steps } = await planImportOf({ store, letters }, backupWith(), true);
  expect(steps[0]).toMatchObject({ action: 'replace', checkpoint: { position: AFTER_9, parkedKeys: 1 } });
});
