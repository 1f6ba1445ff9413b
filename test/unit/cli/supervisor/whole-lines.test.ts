import { PassThrough, Readable, Writable } from 'node:stream';
import fc from 'fast-check';
import { mergeStream } from '../../../../src/cli/supervisor/merge-streams';
import { MAX_LINE_BYTES, WholeLines } from '../../../../src/cli/supervisor/whole-lines';

const text = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('\n'), fc.constant('\r\n')))
  .map((parts) => parts.join(''));

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe('lines of a process', () => {
  it('are passed on whole, each with its prefix, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (written, places) => {
        const lines = new WholeLines('[7] ');
        const out = cut(Buffer.from(written), places).map((chunk) => lines.push(chunk));
        for (const bytes of out) if (bytes.length > 0) expect(bytes.at(-1)).toBe(0x0a);
        const all = Buffer.concat([...out, lines.end()]).toString();
        const ended = written === '' || written.endsWith('\n') ? written : `${written}\n`;
        expect(all).toBe(ended.replaceAll(/^(?=[^]*\n)/gm, (_, offset: number) => prefixAt(ended, offset)));
      }),
    );
  });

  it('that never end are cut', () => {
    const lines = new WholeLines('[1] ');
    const half = Buffer.alloc(MAX_LINE_BYTES / 2 + 1, 'x');
    expect(lines.push(half)).toHaveLength(0);
    expect(lines.push(half)).toHaveLength(4 + 2 * half.length + 1);
    expect(lines.end()).toHaveLength(0);
  });
});

function prefixAt(whole: string, offset: number): string {
  return offset < whole.length && (offset === 0 || whole[offset - 1] === '\n') ? '[7] ' : '';
}

describe('streams of several processes', () => {
  it('are mixed line by line, no faster than the target takes them', async () => {
    const written: string[] = [];
    const target = new Writable({
      highWaterMark: 8,
      write: (chunk: Buffer, _, done) => {
        written.push(chunk.toString());
        setImmediate(done);
      },
    });
    const source = (name: string): Readable =>
      Readable.from(Array.from({ length: 50 }, (_, index) => Buffer.from(`${name}${index}\n${name}`)));
    const names = Array.from({ length: 20 }, (_, index) => String.fromCharCode(97 + index));
    await Promise.all(names.map((name) => mergeStream(source(name), target, `[${name}] `)));
    target.end();
    const lines = written.join('').split('\n').slice(0, -1);
    expect(lines).toHaveLength(20 * 51);
    for (const line of lines) expect(line).toMatch(/^\[(\w)\] \1{1,2}\d*$/);
    expect(target.listenerCount('drain')).toBe(0);
  });

  it('end with a process whose pipe breaks', async () => {
    const source = new PassThrough();
    const target = new PassThrough();
    const merged = mergeStream(source, target, '[1] ');
    source.write('half');
    await new Promise((resolve) => setImmediate(resolve));
    source.destroy(new Error('EPIPE'));
    await merged;
    expect(String(target.read())).toBe('[1] half\n');
  });
});
