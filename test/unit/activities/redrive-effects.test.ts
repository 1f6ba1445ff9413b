import type { BatchHandler } from '../../../src/handler/handler';
import { RedriveScene, SHARDS } from './support/redrive-scene';

describe('effects of a handler that did not get every letter', () => {
  /** Data is `ok` or something that does not validate. */
  const isOk = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => (value === 'ok' ? { value } : { issues: [{ message: 'not ok' }] }),
    },
  } as const;
  const putsOne: BatchHandler = ({ records }) => ({
    transact: records.map(({ sequenceNumber }) => ({
      Put: { TableName: 'sums', Item: { pk: { S: sequenceNumber } } },
    })),
  });
  const data = (text: string) => ({ data: Buffer.from(JSON.stringify(text)) });
  const written = (scene: RedriveScene): unknown[] => scene.letters.effects.map(({ Put }) => Put?.Item?.pk?.S);

  it('mark only those that it got: what the schema rejects has failed', async () => {
    const scene = new RedriveScene(putsOne, { schema: isOk });
    await scene.put(1, 'a', data('ok'));
    await scene.put(2, 'b', data('bad'));
    await scene.put(3, 'c', data('ok'));
    const { progress } = await scene.run();
    expect(progress).toMatchObject({ total: 3, redriven: 2, failed: 1 });
    expect(await scene.statuses()).toEqual({ 1: 'REDRIVEN', 2: 'OPEN', 3: 'REDRIVEN' });
    const { letters } = await scene.letters.list({ ...scene.stream, shardId: SHARDS[0] }, { status: 'OPEN', limit: 9 });
    expect(letters[0]?.errors.at(-1)).toMatchObject({ code: 'SCHEMA_INVALID' });
    expect(written(scene)).toEqual(['1', '3']);
  });

  it('leave alone what is held back behind a rejected letter of its key', async () => {
    const onFailure = { then: 'park', parkBy: 'partitionKey' } as const;
    const scene = new RedriveScene(putsOne, { schema: isOk, onFailure });
    await scene.put(1, 'a', data('bad'));
    await scene.put(2, 'a', data('ok'));
    await scene.put(3, 'c', data('ok'));
    const { progress } = await scene.run();
    expect(progress).toMatchObject({ total: 3, redriven: 1, failed: 1, held: 1 });
    expect(await scene.statuses()).toEqual({ 1: 'OPEN', 2: 'OPEN', 3: 'REDRIVEN' });
    expect(written(scene)).toEqual(['3']);
    expect(scene.given).toEqual(['3']);
  });
});
