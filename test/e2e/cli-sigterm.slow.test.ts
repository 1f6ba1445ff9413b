import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { CliScene } from '../support/cli/scene';

const SHARDS = 2;
const RECORDS_PER_SHARD = 120;
const BATCH_MS = 500;
/** Long enough that a wait for it could not be mistaken for anything else. */
const HEARTBEAT_TIMEOUT_MS = 60_000;
/** The other worker may have to wait out Temporal's sticky queue (3 s); the rest is for a busy machine. */
const MAX_GAP_MS = 10_000;
const PATIENCE = { timeoutMs: 60_000, intervalMs: 50 };

jest.setTimeout(150_000);

interface Entry {
  readonly pid: number;
  readonly kind: 'begin' | 'end';
  readonly shardId: string;
  readonly atMs: number;
  readonly records: readonly string[];
}

let scene: CliScene;

beforeAll(async () => {
  scene = await CliScene.create();
  scene.kinesis.createStream(scene.stream, SHARDS);
  await scene.run(['table', 'create', '--table', scene.table]);
});
afterAll(() => scene.close());

it('a worker that gets SIGTERM in mid-batch finishes and commits it, and its shards go on at the other one at once', async () => {
  const journal = join(scene.folder, 'journal.jsonl');
  const file = consumerWithJournal(journal);
  await scene.run(['start', file]);
  const workers = [scene.spawn(['worker', file]), scene.spawn(['worker', file])];
  for (const worker of workers) await eventually(() => worker.stderr().includes('Waiting for shards'), PATIENCE);
  putRecords();

  const busy = await eventually(
    () => entriesOf(journal).findLast((entry, index, all) => entry.kind === 'begin' && index === all.length - 1),
    { ...PATIENCE, what: 'a batch in flight' },
  );
  const leaving = workers.find(({ child }) => child.pid === busy.pid);
  const staying = workers.find((worker) => worker !== leaving);
  leaving?.child.kill('SIGTERM');
  const left = await leaving?.exited;
  expect(left?.code).toBe(0);
  expect(left?.stderr).toMatch(
    /SIGTERM: finishing and committing the batch in flight of \d shards?, then handing over: /,
  );

  const isDone = (entries: Entry[]): boolean => endedRecords(entries).length >= SHARDS * RECORDS_PER_SHARD;
  await eventually(() => isDone(entriesOf(journal)), { ...PATIENCE, what: 'every record to be handled' });
  const entries = entriesOf(journal);
  expect(new Set(endedRecords(entries)).size).toBe(SHARDS * RECORDS_PER_SHARD);
  // Nothing is handled twice: whatever the first worker began, it finished and committed.
  const begun = entries.flatMap(({ kind, records }) => (kind === 'begin' ? records : []));
  expect(begun).toHaveLength(SHARDS * RECORDS_PER_SHARD);
  for (const gapMs of gapsMs(entries, busy.pid)) expect(gapMs).toBeLessThan(MAX_GAP_MS);

  staying?.child.kill('SIGTERM');
  expect((await staying?.exited)?.code).toBe(0);
  await scene.run(['stop', file, '--force']);
});

function putRecords(): void {
  for (const { shardId } of scene.kinesis.shards(scene.stream)) {
    for (let index = 0; index < RECORDS_PER_SHARD; index += 1) {
      scene.kinesis.put(scene.stream, `k${index}`, String(index), { shardId });
    }
  }
}

/** A handler that takes its time and writes down when it began and ended, and with what. */
function consumerWithJournal(journal: string): string {
  return scene.consumer('journal', {
    more: `maxBatchRecords: 10, historyIntervalMs: 2_000, heartbeatTimeoutMs: ${HEARTBEAT_TIMEOUT_MS},`,
    handler: `async (batch) => {
      const { appendFileSync } = await import('node:fs');
      const { setTimeout: sleep } = await import('node:timers/promises');
      const note = (kind: string) => appendFileSync(${JSON.stringify(journal)}, JSON.stringify({ pid: process.pid, kind,
        shardId: batch.shardId, atMs: Date.now(), records: batch.records.map((record) => record.idempotencyKey) }) + '\\n');
      note('begin');
      await sleep(${BATCH_MS});
      note('end');
    }`,
  });
}

function entriesOf(journal: string): Entry[] {
  const lines = readFileSync(journal, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

function shardsIn(entries: readonly Entry[]): Set<string> {
  return new Set(entries.map(({ shardId }) => shardId));
}

function endedRecords(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ kind, records }) => (kind === 'end' ? records : []));
}

/** For each shard that moved: time from the last batch of the worker that left to the first one after it. */
function gapsMs(entries: readonly Entry[], leftPid: number): number[] {
  const gaps = [...shardsIn(entries)].flatMap((shardId) => {
    const ofShard = entries.filter((entry) => entry.shardId === shardId);
    const last = ofShard.findLastIndex(({ pid, kind }) => pid === leftPid && kind === 'end');
    const left = ofShard[last];
    const next = ofShard[last + 1];
    return left && next ? [next.atMs - left.atMs] : [];
  });
  expect(gaps.length).toBeGreaterThan(0);
  return gaps;
}
