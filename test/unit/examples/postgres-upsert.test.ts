import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

interface Seen {
  readonly isRefused: boolean;
  /** Airport, flights, minutes. */
  readonly airports: readonly (readonly [string, number, number])[];
}

/** What stands in the database after each delivery, in this order. */
let seen: Readonly<Record<string, Seen>>;

beforeAll(() => {
  const args = ['--import', require.resolve('tsx'), join(__dirname, 'postgres-deliveries.ts')];
  seen = JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })) as typeof seen;
}, 120_000);

const FIRST = [['ORD', 2, 161]];
const WITH_ONE_MORE = [
  ['LAX', 1, 90],
  ['ORD', 2, 161],
];

it('counts the late flights of each airport', () => {
  expect(seen.first).toEqual({ isRefused: false, airports: FIRST });
});

it('counts a record once that is delivered again, also in another batch and by another worker', () => {
  expect(seen.again).toEqual({ isRefused: false, airports: FIRST });
  expect(seen.laterWorkerWithOneMore).toEqual({ isRefused: false, airports: WITH_ONE_MORE });
});

it('fails for a worker that has lost the shard, and writes nothing of its batch', () => {
  expect(seen.frozenWorker).toEqual({ isRefused: true, airports: WITH_ONE_MORE });
});

it('lets a redrive, which has the fence of the worker that has the shard, and that worker go on', () => {
  expect(seen.redrive).toEqual({ isRefused: false, airports: WITH_ONE_MORE });
  expect(seen.sameWorker).toEqual({ isRefused: false, airports: WITH_ONE_MORE });
});

it('keeps the fences of shards apart, and writes nothing where nothing is late', () => {
  const both = [
    ['LAX', 1, 90],
    ['ORD', 4, 322],
  ];
  expect(seen.otherShard).toEqual({ isRefused: false, airports: both });
  expect(seen.nothingLate).toEqual({ isRefused: false, airports: both });
});
