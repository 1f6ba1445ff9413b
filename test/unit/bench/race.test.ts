import { newestRows } from '../../../bench/race/earlier-rows';
import { raceTable } from '../../../bench/race/markdown';
import { rowsOf } from '../../../bench/race/row';
import { EndlessPages, pageBody } from '../../../bench/race/servers/pages';
import { RaceStream } from '../../../bench/race/servers/race-stream';
import { readParameters } from '../../../bench/race/servers/request-body';
import type { Contestant } from '../../../bench/race/contestant';
import { encodeCbor } from '../../support/scripted-kinesis/cbor';

const PARAMETERS = { StreamName: 'orders', Limit: 10_000, ShardIterator: 'orders:1:70000' };

function contestant(title: string): Contestant {
  return {
    id: title,
    title,
    version: '1',
    prepare: () => Promise.resolve(),
    commandLine: () => ({ command: '', args: [] }),
    isVariant: false,
    isDurable: false,
    reportsCommits: false,
    settings: {},
    startLimitMs: 0,
    failoverLimitMs: 0,
    standByMs: 0,
    idleShards: 0,
    kills: 0,
    handOvers: 0,
  };
}

describe("requests to the race's Kinesis", () => {
  it('are read as JSON', () => {
    expect(readParameters(Buffer.from(JSON.stringify(PARAMETERS)), false)).toEqual(PARAMETERS);
  });

  it('are read as CBOR, with lengths in front and without', () => {
    expect(readParameters(encodeCbor(PARAMETERS), true)).toEqual(PARAMETERS);
    expect(readParameters(encodeCbor(PARAMETERS, { indefinite: true }), true)).toEqual(PARAMETERS);
  });
});

describe("a stream of the race's Kinesis", () => {
  it('shows released records once, numbered on', () => {
    const stream = new RaceStream('orders', 2);
    const { shard } = stream.shard('shardId-000000000001');
    if (!shard) throw new Error('there is no second shard');
    shard.release(25);
    const first = shard.page('json', 0, 10);
    expect(first).toMatchObject({ count: 10, next: 10, isAtTip: false });
    expect(shard.page('json', 10, 100)).toMatchObject({ count: 15, next: 25, isAtTip: true });
    const body = pageBody('json', {}, first.records, 10);
    const { Records } = JSON.parse(body.toString('utf8')) as { Records: { SequenceNumber: string; Data: string }[] };
    expect(new Set(Records.map(({ SequenceNumber }) => SequenceNumber)).size).toBe(10);
    expect(stream.firstOrdinal('AFTER_SEQUENCE_NUMBER', Records.at(-1)?.SequenceNumber, 1)).toBe(10);
    for (const { Data } of Records) {
      const payload = Buffer.from(Data, 'base64');
      expect(payload).toHaveLength(1_024);
      expect(JSON.parse(payload.toString('utf8'))).toHaveProperty('customer.country', 'NZ');
    }
  });

  it('gives the same records in both forms', () => {
    const pages = new EndlessPages();
    const json = pageBody('json', { MillisBehindLatest: 0 }, pages.records('json', 0, { first: 3, count: 2 }), 2);
    const cbor = pageBody('cbor', { MillisBehindLatest: 0 }, pages.records('cbor', 0, { first: 3, count: 2 }), 2);
    const simple = (body: unknown): unknown =>
      (body as { Records: { SequenceNumber: string; Data: string }[] }).Records.map(({ SequenceNumber, Data }) => [
        SequenceNumber,
        Data,
      ]);
    expect(simple(readParameters(cbor, true))).toEqual(simple(JSON.parse(json.toString('utf8'))));
  });
});

describe("the race's table", () => {
  it('has a column per contestant, range or percentiles, and a dash where nothing was measured', () => {
    const [fast, slow] = [contestant('fast'), contestant('slow')];
    const rows = [
      ...rowsOf(fast, 'throughput, noop', { recordsPerCpuSecond: [300_000, 310_000, 290_000] }),
      ...rowsOf(slow, 'throughput, noop', { recordsPerCpuSecond: [80_000] }),
      ...rowsOf(fast, 'life of a worker', { failoverMs: Array.from({ length: 11 }, (_, index) => index * 100) }),
    ];
    const [head, , throughput, failover] = raceTable([fast, slow], rows).split('\n');
    expect(head).toBe('|  | fast | slow |');
    expect(throughput).toBe('| records per CPU-second, no-op handler | 300,000 (290,000 … 310,000) | 80,000 |');
    expect(failover).toMatch(/\| 500 \/ 990 \/ 1,000 \| – \|$/);
  });

  it('has the newest figures of several runs', () => {
    const fast = contestant('fast');
    const rows = (figure: string, value: number) => rowsOf(fast, 'throughput, noop', { [figure]: [value] });
    const newest = newestRows([
      ...rows('recordsPerCpuSecond', 1),
      ...rows('recordsPerSecond', 2),
      ...rows('recordsPerCpuSecond', 3),
    ]);
    expect(newest.map(({ spread }) => spread.median)).toEqual([3, 2]);
  });

  it('leaves out what was not a number', () => {
    expect(rowsOf(contestant('fast'), 'idle', { percentOfCore: [Number.NaN] })).toEqual([]);
  });
});
