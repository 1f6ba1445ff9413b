import fc from 'fast-check';
import {
  childrenOf,
  parentsFirst,
  parentsOf,
  planShards,
  type Shard,
  type ShardPlan,
  type ShardProgress,
} from '../../../src/core/shard-graph';
import { Coordinator, histories, ReshardedStream, type Step } from './reshardings';

const shard = (shardId: string, ...[parentShardId, adjacentParentShardId]: string[]): Shard => ({
  shardId,
  parentShardId,
  adjacentParentShardId,
  isClosed: false,
});
const ids = (shards: readonly Shard[]): string[] => shards.map(({ shardId }) => shardId);
const plan = (
  listed: Shard[],
  progress: Record<string, ShardProgress> = {},
): { start: string[] } & Omit<ShardPlan, 'start'> => {
  const planned = planShards(listed, new Map(Object.entries(progress)));
  return { ...planned, start: ids(planned.start) };
};

describe('planShards', () => {
  const split = [shard('p'), shard('a', 'p'), shard('b', 'p')];
  const merge = [shard('p'), shard('q'), shard('m', 'p', 'q')];

  it('starts the shards of a new stream in the order listed', () => {
    expect(plan([shard('b'), shard('a')])).toEqual({ start: ['b', 'a'], waiting: [], expired: [] });
  });

  it('case 29: lets children wait for the end of their parent', () => {
    const waiting = [
      { shardId: 'a', forParents: ['p'] },
      { shardId: 'b', forParents: ['p'] },
    ];
    expect(plan(split, { p: 'known' })).toEqual({ start: ['p'], waiting, expired: [] });
    expect(plan(split, { p: 'finished', a: 'known' })).toEqual({ start: ['a', 'b'], waiting: [], expired: [] });
  });

  it.each<[Record<string, ShardProgress>, string[]]>([
    [{}, ['p', 'q']],
    [{ p: 'finished' }, ['q']],
    [{ q: 'finished' }, ['p']],
    [{ p: 'finished', q: 'known' }, ['q']],
    [{ p: 'finished', q: 'finished' }, ['m']],
  ])('case 30: lets a merged shard wait for both parents: %j', (progress, start) =>
    expect(plan(merge, progress).start).toEqual(start),
  );

  it('case 31: does not wait for a parent that retention took, and says so unless it was finished', () => {
    const children = [shard('a', 'p'), shard('b', 'p')];
    expect(plan(children)).toEqual({ start: ['a', 'b'], waiting: [], expired: [] });
    expect(plan(children, { p: 'known' })).toEqual({ start: ['a', 'b'], waiting: [], expired: ['p'] });
    expect(plan(children, { p: 'finished' })).toEqual({ start: ['a', 'b'], waiting: [], expired: [] });
    expect(plan([shard('q'), shard('m', 'p', 'q')], {}).waiting).toEqual([{ shardId: 'm', forParents: ['q'] }]);
  });

  it('case 32: takes a listed parent that it knows nothing of for unfinished', () => {
    expect(plan(split, {}).start).toEqual(['p']);
  });

  it('case 33: puts three generations that appear at once in order', () => {
    const generations = [shard('g', 'c'), shard('c', 'p'), shard('p')];
    expect(ids(parentsFirst(generations))).toEqual(['p', 'c', 'g']);
    expect(plan(generations, { p: 'finished' })).toMatchObject({
      start: ['c'],
      waiting: [{ shardId: 'g', forParents: ['c'] }],
    });
  });

  it('does not hang on a circle or on a shard that is its own parent', () => {
    const circle = [shard('a', 'b'), shard('b', 'a'), shard('s', 's'), shard('x')];
    expect(ids(parentsFirst(circle))).toEqual(['x', 'a', 'b', 's']);
    expect(plan(circle).start).toEqual(['x']);
  });

  it('plans nothing for an empty listing', () => expect(plan([])).toEqual({ start: [], waiting: [], expired: [] }));

  it.each<[string, (index: number) => Shard]>([
    ['side by side', (index) => shard(String(index))],
    ['as one long line', (index) => (index === 0 ? shard('0') : shard(String(index), String(index - 1)))],
    ['as children of one', (index) => (index === 0 ? shard('0') : shard(String(index), '0'))],
    [
      'as merges of neighbours',
      (index) => (index < 50 ? shard(String(index)) : shard(String(index), String(index - 50), String(index - 49))),
    ],
  ])('plans 2,500 shards %s in under 200 ms', (_, make) => {
    const listed = Array.from({ length: 2_500 }, (_value, index) => make(2_499 - index));
    // CPU time: what other processes do on this machine must not fail the test.
    const durationsMs = [1, 2, 3].map(() => {
      const before = process.cpuUsage();
      planShards(listed, new Map());
      return process.cpuUsage(before).user / 1_000;
    });
    expect(Math.min(...durationsMs)).toBeLessThan(200);
  });
});

describe('parents and children', () => {
  it('are those that a shard names', () => {
    const all = [shard('p'), shard('q'), shard('m', 'p', 'q'), shard('a', 'p')];
    expect(all.map(parentsOf)).toEqual([[], [], ['p', 'q'], ['p']]);
    expect(ids(childrenOf('p', all))).toEqual(['m', 'a']);
    expect(ids(childrenOf('m', all))).toEqual([]);
  });
});

describe('on random shard graphs', () => {
  it('every shard is started exactly once, never before its parents, and none is forgotten', () => {
    fc.assert(
      fc.property(histories, ({ open, steps }) => {
        const stream = new ReshardedStream(open);
        const coordinator = new Coordinator(stream);
        for (const step of steps) replay(step, stream, coordinator);
        for (let round = 0; round <= stream.all.length; round += 1) {
          coordinator.plan(round);
          coordinator.finishAll();
        }
        const notOnce = ids(stream.all).filter((id) => coordinator.starts.get(id) !== 1);
        const forgotten = notOnce.filter((id) => coordinator.starts.has(id) || !stream.isExpired(id));
        const unreported = coordinator.unfinished.filter(
          (id) => stream.isExpired(id) && !coordinator.reportedExpired.has(id),
        );
        expect({ forgotten, unreported, problems: coordinator.problems }).toEqual({
          forgotten: [],
          unreported: [],
          problems: [],
        });
      }),
      { numRuns: Number(process.env.TIDEMARK_PROPERTY_RUNS ?? 300) },
    );
  }, 60_000);
});

function replay({ does, pick }: Step, stream: ReshardedStream, coordinator: Coordinator): void {
  if (does === 'plan' || does === 'finish') coordinator[does](pick);
  else stream[does](pick);
}
