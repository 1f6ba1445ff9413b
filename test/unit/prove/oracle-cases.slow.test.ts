import { Readable } from 'node:stream';
import type { JournalEntry, JournalRecord } from '../../../dev/prove/journal-entries';
import { checkRun } from '../../../dev/prove/oracle';
import type { InvariantId } from '../../../dev/prove/oracle-report';

const MILLISECOND = 1_000_000n;

/** Entries one millisecond apart, in the order given. */
function inOrder(records: readonly JournalRecord[]): JournalEntry[] {
  return records.map((record, index) => ({ ...record, at: index, mono: String(BigInt(index + 1) * MILLISECOND) }));
}

const message = (n: number): { id: string; key: string; counter: number } => ({ id: `id-${n}`, key: 'k', counter: n });
const place = (n: number, shardId = 's1'): { shardId: string; sequenceNumber: string } => ({
  shardId,
  sequenceNumber: String(n * 10),
});
const execution = (worker: string): { worker: string; slice: string } => ({ worker, slice: `run/${worker}/1` });

const put = (n: number, shardId?: string): JournalRecord => ({ kind: 'put', ...message(n), ...place(n, shardId) });
const handled = (n: number, worker = 'w1', shardId?: string): JournalRecord => ({
  kind: 'handled',
  ...message(n),
  ...place(n, shardId),
  ...execution(worker),
});
const kill = (worker: string): JournalRecord => ({ kind: 'kill', worker, signal: 'SIGKILL' });

const AT_START = { at: 'TRIM_HORIZON' } as const;
type JournalPosition = Extract<JournalRecord, { kind: 'committed' }>['to'];
const after = (n: number): { at: 'AFTER'; sequenceNumber: string } => ({ at: 'AFTER', sequenceNumber: String(n * 10) });

/** A write sent in the moment before it was written down: its place in the list. */
const write = (index: number, worker: string, generation = 1) => ({
  shardId: 's1',
  ...execution(worker),
  generation,
  token: `token-${index}`,
  previousToken: `token-${index - 1}`,
  sentMono: String(BigInt(index) * MILLISECOND + 1n),
});

async function brokenBy(records: readonly JournalRecord[]): Promise<InvariantId[]> {
  const { violations } = await checkRun(inOrder(records));
  return violations.map(({ invariant }) => invariant);
}

describe('the data set', () => {
  it.each<[string, JournalRecord[]]>([
    ['nothing was acknowledged', []],
    ['a counter is missing', [put(1), put(3), handled(1), handled(3)]],
    [
      'a counter was put twice',
      [put(1), { ...put(2), counter: 1 } as JournalRecord, handled(1), { ...handled(2), counter: 1 } as JournalRecord],
    ],
    [
      'an id was acknowledged at two places',
      [put(1), { ...put(1), ...place(2) }, handled(1), { ...handled(1), ...place(2) }],
    ],
  ])('is broken if %s', async (_name, records) => {
    expect(await brokenBy(records)).toContain('DATA');
  });

  it('is broken if a producer put a key out of order', async () => {
    const swap = (record: JournalRecord): JournalRecord =>
      'counter' in record ? { ...record, counter: 3 - record.counter } : record;
    expect(await brokenBy([put(1), put(2), handled(1), handled(2)].map(swap))).toContain('DATA');
  });

  it('may hold unacknowledged records, there or not, and copies of those sent again', async () => {
    const unknown = (n: number): JournalRecord => ({ kind: 'putUnknown', ...message(n) });
    const copy = { ...handled(2), ...place(4) } as JournalRecord;
    const records = [put(1), unknown(2), put(2), unknown(3), handled(1), handled(2), copy];
    expect(await checkRun(inOrder(records))).toMatchObject({
      ok: true,
      records: 2,
      handled: 3,
      lost: 0,
      duplicates: 0,
    });
  });

  it('compares sequence numbers as numbers, of any length and padding', async () => {
    const long = (record: JournalRecord, sequenceNumber: string): JournalRecord =>
      ({ ...record, sequenceNumber }) as JournalRecord;
    const big = '9'.repeat(56);
    const bigger = `1${'0'.repeat(56)}`;
    const records = [long(put(1), big), long(put(2), bigger), long(handled(1), `00${big}`), long(handled(2), bigger)];
    expect(await brokenBy(records)).toEqual([]);
  });
});

describe('what a kill hides', () => {
  it('may be a commit: the next execution starts behind it', async () => {
    const records = [put(1), put(2), handled(1, 'w1'), kill('w1'), handled(2, 'w2')];
    expect(await brokenBy(records)).toEqual([]);
  });

  it('is not a commit if the execution was refused', async () => {
    const refused: JournalRecord = { kind: 'refused', shardId: 's1', ...execution('w1') };
    expect(await brokenBy([put(1), put(2), handled(1, 'w1'), refused, handled(2, 'w2')])).toEqual(['I4']);
  });

  it('may be SHARD_END, but not while the parent has records left', async () => {
    const shard: JournalRecord = { kind: 'shard', shardId: 's2', parents: ['s1'] };
    const puts = [shard, put(1), put(2, 's2')];
    expect(await brokenBy([...puts, handled(1), kill('w1'), handled(2, 'w2', 's2')])).toEqual([]);
    expect(await brokenBy([...puts, handled(2, 'w2', 's2'), kill('w1'), handled(1)])).toEqual(
      expect.arrayContaining(['I8']),
    );
  });
});

describe('a rewind', () => {
  it('is a claim of a higher generation, and allows one more handling', async () => {
    const records: JournalRecord[] = [
      put(1),
      put(2),
      handled(1),
      handled(2),
      { kind: 'committed', from: AT_START, to: after(2), ...write(4, 'w1') },
      { kind: 'claimed', position: AT_START, ...write(5, 'operator', 2) },
      handled(1, 'w2'),
      handled(2, 'w2'),
      { kind: 'committed', from: AT_START, to: after(2), ...write(8, 'w2', 2) },
    ];
    expect(await checkRun(inOrder(records))).toMatchObject({
      violations: [],
      duplicates: 2,
      maxHandlings: 2,
      commits: 2,
    });
  });
});

describe('a commit', () => {
  it('of a position that is no record is a violation', async () => {
    const commit: JournalRecord = { kind: 'committed', from: AT_START, to: after(7), ...write(2, 'w1') };
    expect(await brokenBy([put(1), handled(1), commit])).toEqual(['I2']);
  });

  it('sent before the record was handled is a violation even if its answer came later', async () => {
    const commit: JournalRecord = { kind: 'committed', from: AT_START, to: after(1), ...write(2, 'w1'), sentMono: '1' };
    expect(await brokenBy([put(1), handled(1), commit])).toEqual(['I2']);
  });
});

describe('a loss of rows', () => {
  const loss: JournalRecord = { kind: 'loss', what: 'rows' };
  const until = [put(1), put(2), handled(1), handled(2)];
  const commit = (index: number, worker: string, from: JournalPosition, to: JournalPosition): JournalRecord => {
    return { ...write(index, worker), kind: 'committed', from, to };
  };
  const first = [...until, commit(4, 'w1', AT_START, after(2))];
  const claim = (index: number, previousToken: string | null, generation = 1): JournalRecord => {
    return { ...write(index, 'w2', generation), kind: 'claimed', position: AT_START, previousToken };
  };

  it('lets a new row begin before what was committed, in a lower generation too', async () => {
    const begun = [...first, loss, loss, claim(7, null, 0), handled(1, 'w2'), handled(2, 'w2')];
    expect(await brokenBy(begun)).toEqual([]);
    expect(await brokenBy([...first, claim(5, null), handled(1, 'w2'), handled(2, 'w2')])).toContain('I6');
  });

  it('excuses nothing that follows a row which was not lost', async () => {
    expect(await brokenBy([...first, loss, loss, claim(7, 'token-4'), handled(1, 'w2')])).toContain('I6');
  });

  it('excuses no record that is missing', async () => {
    expect(await brokenBy([...first, put(3), loss, loss])).toEqual(['I1']);
  });
});

describe('the report', () => {
  it('counts, and measures how long shards were without a worker', async () => {
    const records = [
      put(1),
      put(2),
      handled(1),
      handled(2),
      kill('w1'),
      put(3),
      handled(1, 'w2'),
      handled(2, 'w2'),
      handled(3, 'w2'),
    ];
    expect(await checkRun(inOrder(records))).toEqual({
      ok: true,
      violations: [],
      violationCounts: {},
      records: 3,
      handled: 3,
      lost: 0,
      orderInversions: 0,
      duplicates: 2,
      duplicatesPerKill: 2,
      maxHandlings: 2,
      kills: 1,
      commits: 0,
      commitsRefused: 0,
      resumeMsP50: 2,
      resumeMsP99: 2,
    });
  });

  it('counts a frozen worker that goes on with another execution as resumed', async () => {
    const again = { ...handled(2), slice: 'run/w1/2' } as JournalRecord;
    const frozen: JournalRecord = { kind: 'kill', worker: 'w1', signal: 'SIGSTOP' };
    const report = await checkRun(inOrder([put(1), put(2), handled(1), frozen, handled(1), again]));
    expect(report.resumeMsP50).toBe(2);
  });

  it('lists a limited number of violations and counts all', async () => {
    const puts = Array.from({ length: 50 }, (_, index) => put(index + 1));
    const report = await checkRun(inOrder(puts), { maxListed: 3 });
    expect(report).toMatchObject({ ok: false, lost: 50, violationCounts: { I1: 50 } });
    expect(report.violations).toHaveLength(3);
    expect(report.violations[0]).toEqual({
      invariant: 'I1',
      shardId: 's1',
      key: 'k',
      ids: ['id-1'],
      message: 'record id-1 (key k, counter 1, s1 10) was never handled',
    });
  });

  it('reads an async source', async () => {
    const source = Readable.from(inOrder([put(1), handled(1)])) as AsyncIterable<JournalEntry>;
    expect((await checkRun(source)).ok).toBe(true);
  });
});
