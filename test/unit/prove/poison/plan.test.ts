import fc from 'fast-check';
import { canaryOf, holdsCanary } from '../../../../dev/prove/common/canary';
import { HOSTILE_VARIANTS, trust, type HostileValue } from '../../../../dev/prove/poison/hostile-json';
import { HUGE_BYTES, payloadOf, POISON_KINDS } from '../../../../dev/prove/poison/kinds';
import { keyOf, planPoison } from '../../../../dev/prove/poison/plan';

const CANARY = canaryOf(7);

describe('where poison stands', () => {
  const options = fc.record({
    shards: fc.integer({ min: 1, max: 9 }),
    poisons: fc.integer({ min: 0, max: 40 }),
    perPoison: fc.integer({ min: 20, max: 200 }),
    seed: fc.nat(),
  });

  it('is spread over shards and kinds, no two poisons of a shard in one batch', () => {
    fc.assert(
      fc.property(options, ({ shards, poisons, perPoison, seed }) => {
        const records = shards * Math.ceil(poisons / shards + 1) * perPoison;
        const plan = planPoison({ records, shards, poisons, kinds: POISON_KINDS, seed });
        const all = [...plan.poisons.values()];
        expect(all).toHaveLength(poisons);
        const kinds = POISON_KINDS.map((kind) => all.filter((poison) => poison.kind === kind).length);
        expect(Math.max(...kinds) - Math.min(...kinds)).toBeLessThanOrEqual(1);
        const places = all.map(({ number, shard, index }) => [
          number % shards === shard,
          Math.floor(number / shards) === index,
        ]);
        expect(new Set(places.flat())).toEqual(new Set(poisons === 0 ? [] : [true]));
        const neighbours = [...all].sort((a, b) => a.shard - b.shard || a.index - b.index);
        const gaps = neighbours.flatMap((poison, at) => {
          const before = neighbours[at - 1];
          return before?.shard === poison.shard ? [poison.index - before.index] : [];
        });
        expect(Math.min(plan.gap, ...gaps)).toBe(plan.gap);
      }),
    );
  });

  it('follows from the seed', () => {
    const plan = (seed: number) => planPoison({ records: 4_000, shards: 8, poisons: 10, kinds: POISON_KINDS, seed });
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
  });

  it('leaves each partition key in one shard', () => {
    const shards = new Map<string, number>();
    for (let number = 0; number < 5_000; number += 1) {
      const key = keyOf(number, 8);
      const shard = shards.get(key) ?? number % 8;
      if (shard !== number % 8) throw new Error(`${key} is in two shards`);
      shards.set(key, shard);
    }
    expect(shards.size).toBe(8 * 16);
  });
});

describe('what poison says', () => {
  it.each(POISON_KINDS)('%s: holds the canary', (kind) => {
    const payload = payloadOf({ kind, number: 5, variant: 0 }, CANARY);
    expect(holdsCanary(CANARY)(payload)).toBe(true);
  });

  it('is 1 MiB to the byte where it is huge, and no part of it stands there twice', () => {
    const payload = payloadOf({ kind: 'huge', number: 5, variant: 0 }, CANARY);
    expect(payload.byteLength).toBe(HUGE_BYTES);
    const parts = Array.from({ length: 3 }, (_, part) =>
      payload.subarray(part * 200_000 + 1_000, part * 200_000 + 2_000),
    );
    expect(new Set(parts.map((part) => part.toString('hex'))).size).toBe(3);
  });

  it.each(Array.from({ length: HOSTILE_VARIANTS }, (_, variant) => variant))(
    'breaks who parses it: hostile JSON %d',
    (variant) => {
      const text = payloadOf({ kind: 'hostileJson', number: 5, variant }, CANARY).toString('utf8');
      const handle = (): never => trust(JSON.parse(text) as HostileValue);
      expect(handle).toThrow(variant === HOSTILE_VARIANTS - 1 ? RangeError : SyntaxError);
      // Only a value that is JSON gets as far as the handler.
      if (variant > 0) expect(JSON.parse(text)).toMatchObject({ n: 5, poison: 'hostileJson' });
    },
  );

  it('is quoted by the engine itself', () => {
    const text = payloadOf({ kind: 'hostileJson', number: 5, variant: 0 }, CANARY).toString('utf8');
    expect(() => JSON.parse(text) as unknown).toThrow(CANARY);
  });
});
