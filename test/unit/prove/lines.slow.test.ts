import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { linesFile, LineWriter, ordinalOf, placeOf, readLines } from '../../../dev/prove/common/lines';
import { includes, RangeBuilder, valuesOf } from '../../../dev/prove/common/ranges';
import { SHARD_END, TRIM_HORIZON } from '../../../src/core/positions';
import { formatSequenceNumber } from '../../support/scripted-kinesis/sequence-numbers';

describe('lines of a run', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tidemark-lines-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are read from all files in the order of time, without one that was torn', async () => {
    const [a, b] = ['w1', 'w2'].map((worker) => new LineWriter(linesFile(folder, worker), worker));
    a?.write({ kind: 'ready' });
    b?.write({ kind: 'ready' });
    a?.write({ kind: 'died', reason: 'exit code 7' }, 'w3');
    appendFileSync(linesFile(folder, 'w2'), '{"kind":"rea');
    for (const writer of [a, b]) writer?.close();
    const lines = await readLines(folder);
    expect(lines.map(({ kind, worker }) => [kind, worker])).toEqual([
      ['ready', 'w1'],
      ['ready', 'w2'],
      ['died', 'w3'],
    ]);
    expect(lines.map(({ t }) => t)).toEqual(lines.map(({ t }) => t).sort((x, y) => x - y));
  });

  it('refuse a file that exists', () => {
    new LineWriter(linesFile(folder, 'w1'), 'w1').close();
    expect(() => new LineWriter(linesFile(folder, 'w1'), 'w1')).toThrow('EEXIST');
  });

  it('name positions by the ordinals of the scripted Kinesis', () => {
    const sequenceNumber = formatSequenceNumber({ incarnation: 3, ordinal: 1_234_567, shardIndex: 5 });
    expect(ordinalOf(sequenceNumber)).toBe(1_234_567);
    expect(placeOf({ at: 'AFTER', sequenceNumber })).toBe(1_234_567);
    expect(placeOf(TRIM_HORIZON)).toBe(0);
    expect(placeOf(SHARD_END)).toBeGreaterThan(1_234_567);
    expect(() => ordinalOf('17')).toThrow('not a sequence number of the scripted Kinesis');
  });
});

describe('ranges', () => {
  it('hold what was put into them, and nothing else', () => {
    const numbers = fc.uniqueArray(fc.nat(200)).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 9 }), (list, step) => {
        const ascending = list.map((number) => number * step);
        const builder = new RangeBuilder(step);
        for (const number of ascending) builder.add(number);
        expect([...valuesOf(builder.ranges, step)]).toEqual(ascending);
        for (const number of ascending) expect(includes(builder.ranges, number)).toBe(true);
      }),
    );
  });

  it('are one pair for numbers that follow each other', () => {
    const builder = new RangeBuilder(8);
    for (let number = 3; number < 8_000; number += 8) builder.add(number);
    expect(builder.ranges).toEqual([[3, 7_995]]);
  });
});
