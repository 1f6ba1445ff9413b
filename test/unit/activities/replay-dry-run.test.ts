import { z } from 'zod';
import type { Effect } from '../../../src/checkpoints/checkpoint-store';
import { ReplayScene } from './support/replay-scene';

let scene: ReplayScene;

afterEach(() => scene.close());

const put = (id: string): Effect => ({ Put: { TableName: 'counters', Item: { id: { S: id } } } });

describe('a dry run', () => {
  it('finds what fails in filter, schema and handler, by sequence number and code, and writes nothing', async () => {
    scene = await ReplayScene.open({
      schema: z.object({ flight: z.string() }),
      filter: (record) => !record.text().includes('other'),
      onFailure: { maxAttempts: 5, minBackoffMs: 60_000 },
    });
    scene.handler = ({ records }) => {
      if (records.some((record) => record.text().includes('bad'))) throw new Error('planted');
    };
    scene.put('{"flight":"1"}', 'no json', '{"flight":"other"}', '{"flight":"bad"}', '{"flight":2}', '{"flight":"3"}');
    const state = await scene.run({ dryRun: true });
    const [, notJson, , bad, mistyped] = scene.server.records('flights', scene.shard.shardId);
    expect(state).toMatchObject({
      end: 'done',
      counts: { records: 6, filtered: 1, failed: 3 },
      byCode: { SCHEMA_INVALID: 2, HANDLER_FAILED: 1 },
    });
    const found = state.failures.map(({ sequenceNumber, code }) => `${sequenceNumber} ${code}`);
    expect(found.toSorted()).toEqual(
      [
        `${notJson?.sequenceNumber} SCHEMA_INVALID`,
        `${bad?.sequenceNumber} HANDLER_FAILED`,
        `${mistyped?.sequenceNumber} SCHEMA_INVALID`,
      ].toSorted(),
    );
    expect(scene.contexts.every(({ replay, dryRun }) => replay && dryRun)).toBe(true);
    expect(scene.store.writes).toEqual([]);
    // Not even the fence is read: a consumer that never ran has no table.
    expect(scene.store.reads).toBe(0);
  });

  it('checks effects and does not write them', async () => {
    scene = await ReplayScene.open();
    scene.handler = ({ records }) => ({
      transact: records.flatMap((record) =>
        record.text() === 'large' ? Array.from({ length: 120 }, (_, index) => put(`${index}`)) : [put(record.text())],
      ),
    });
    scene.put('a', 'large', 'b');
    const state = await scene.run({ dryRun: true });
    expect(state).toMatchObject({ counts: { records: 3, failed: 1 }, byCode: { TRANSACTION_TOO_LARGE: 1 } });
    expect(scene.store.effects).toEqual([]);
  });
});

describe('a replay for good', () => {
  it('writes effects in transactions of their own, and reports those that are refused', async () => {
    scene = await ReplayScene.open({ maxBatchRecords: 1, onFailure: { maxAttempts: 2, minBackoffMs: 0 } });
    scene.handler = ({ records }) => ({ transact: records.map((record) => put(record.text())) });
    const written: string[] = [];
    scene.store.applyEffects = (effects) => {
      const ids = effects.map(({ Put }) => Put?.Item?.id?.S ?? '');
      if (ids.includes('b')) return { kind: 'effectsRefused', code: 'EFFECT_REFUSED', message: 'a condition' };
      written.push(...ids);
      return undefined;
    };
    scene.put('a', 'b', 'c');
    expect(await scene.run()).toMatchObject({ counts: { records: 3, failed: 1 }, byCode: { EFFECT_REFUSED: 1 } });
    expect(written).toEqual(['a', 'c']);
    expect(scene.store.writes).toEqual([]);
  });
});
