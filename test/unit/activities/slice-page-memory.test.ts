import type { KinesisRecord } from '../../../src/handler/record';
import { SliceScene } from './support/slice-scene';

const LARGE = 'x'.repeat(30_000);
/** Of polling alone: payloads of enhanced fan-out are no views of what is read into again. */
let scene: SliceScene;

beforeEach(async () => {
  scene = await SliceScene.open({ historyIntervalMs: 0, maxBatchRecords: 12 });
});

afterEach(() => scene.close());

/** What a payload is by now: its first letters, or the code by which it is refused. */
function stateOf(record: KinesisRecord): string {
  try {
    return record.text().slice(0, 2);
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other';
  }
}

/** Records of which each begins with its number, so large that a page has several pieces. */
function put(names: readonly string[]): void {
  scene.put(...names.map((name) => name + LARGE));
}

const FIRST = Array.from({ length: 12 }, (_, index) => String(index + 10));
const SECOND = Array.from({ length: 12 }, (_, index) => String(index + 40));
const THIRD = Array.from({ length: 12 }, (_, index) => String(index + 70));

/** Three pages, one after the other, each with a slice of its own. */
async function readAll(): Promise<void> {
  for (const names of [FIRST, SECOND, THIRD]) {
    put(names);
    await scene.run();
  }
}

it('a page is used again: who kept a record of it hears that, and never sees another', async () => {
  const kept: KinesisRecord[] = [];
  const seen: string[] = [];
  scene.handler = ({ records }) => {
    kept.push(...records);
    for (const record of records) seen.push(stateOf(record));
  };
  await readAll();
  expect(seen).toEqual([...FIRST, ...SECOND, ...THIRD]);
  const states = kept.slice(0, 12).map(stateOf);
  // Of a record in two pieces the payload is a copy, which stays.
  for (const [index, state] of states.entries()) expect([FIRST[index], 'RECORD_GONE']).toContain(state);
  expect(states).toContain('RECORD_GONE');
  expect(kept.every(({ sequenceNumber }) => /^\d{50,}$/.test(sequenceNumber))).toBe(true);
});

it('a page of which the handler took views is not: they stay as they are', async () => {
  const kept: Uint8Array[] = [];
  scene.handler = ({ records }) => void kept.push(...records.map(({ data }) => data));
  await readAll();
  expect(kept.map((data) => Buffer.from(data).toString('utf8', 0, 2))).toEqual([...FIRST, ...SECOND, ...THIRD]);
});

/** Small ones: what lies in two parts of an answer is a copy anyway. */
it.each([
  ['ran out of time', () => new Promise<void>(() => undefined)],
  ['failed while it was at work on others', () => Promise.reject(new Error('one of many'))],
])('nor is one whose handler %s: it may be at work still', async (_what, fails) => {
  const kept: KinesisRecord[] = [];
  scene.deploy({ historyIntervalMs: 0, maxBatchRecords: 12, handlerTimeoutMs: 100, onFailure: { maxAttempts: 1 } });
  scene.handler = async ({ records }) => {
    if (!records.some((record) => record.text() === 'bad')) return;
    kept.push(...records);
    await fails();
  };
  scene.put('bad');
  await scene.run();
  for (const names of [SECOND, THIRD]) {
    put(names);
    await scene.run();
  }
  expect(scene.letters.items.size).toBe(1);
  expect(kept.map((record) => record.text())).toEqual(kept.map(() => 'bad'));
});
