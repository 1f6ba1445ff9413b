import type { KinesisRecord } from '../../../src/handler/record';
import { SliceScene } from './support/slice-scene';
import { IS_FAN_OUT } from './support/source';

const LARGE = 'x'.repeat(30_000);
let scene: SliceScene;

beforeEach(async () => {
  scene = await SliceScene.open({ historyIntervalMs: 0, maxBatchRecords: 12, wire: 'cbor' });
});

afterEach(() => scene.close());

/** What a payload is by now: its first byte, or the code by which it is refused. */
function stateOf(record: KinesisRecord): string {
  try {
    return record.text().slice(0, 2);
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other';
  }
}

/** Payloads of enhanced fan-out are no views of what is read into again. */
const whereEmptied = IS_FAN_OUT ? it.skip : it;

whereEmptied(
  'a page that was committed is read into again: who kept a record of it hears that, and never sees another',
  async () => {
    const kept: KinesisRecord[] = [];
    const seen: string[] = [];
    scene.handler = ({ records }) => {
      kept.push(...records);
      for (const record of records) seen.push(stateOf(record));
    };
    const names = Array.from({ length: 24 }, (_, index) => String(index + 10));
    scene.put(...names.slice(0, 12).map((name) => name + LARGE));
    await scene.run();
    scene.put(...names.slice(12).map((name) => name + LARGE));
    await scene.run();
    expect(seen).toEqual(names);
    const states = kept.slice(0, 12).map(stateOf);
    // Of a record in two pieces the payload is a copy, which stays.
    for (const [index, state] of states.entries()) expect([names[index], 'RECORD_GONE']).toContain(state);
    expect(states).toContain('RECORD_GONE');
    expect(kept.map(({ sequenceNumber }) => sequenceNumber).every((text) => /^\d{50,}$/.test(text))).toBe(true);
  },
);
