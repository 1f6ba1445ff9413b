import { createActivities, dependenciesFor, workerIdentity } from '../../../src/worker/activities';
import { createWorker } from '../../../src/worker/create-worker';
import { defineConsumer, type ConsumerDefinition } from '../../../src/handler/define-consumer';

const AWS = { region: 'us-east-1', kinesisEndpoint: 'http://127.0.0.1:9', dynamodbEndpoint: 'http://127.0.0.1:9' };

function consumer(name: string, stream = 'flights'): ConsumerDefinition {
  return defineConsumer({ name, stream, startFrom: 'LATEST', handler: () => undefined, aws: AWS });
}

it('the activities have the names that stand in histories', () => {
  expect(Object.keys(createActivities([consumer('delays')])).sort()).toEqual([
    'claimCheckpoint',
    'controlShards',
    'moveCheckpoint',
    'planReplay',
    'processBatches',
    'redriveDeadLetters',
    'replayShard',
    'stopShards',
    'syncShards',
  ]);
});

it('a worker may have several consumers of several streams', () => {
  const { consumers } = dependenciesFor([consumer('a'), consumer('b'), consumer('a', 'trains')]);
  expect([...consumers.keys()]).toEqual(['a/flights', 'b/flights', 'a/trains']);
});

it('a worker says which machine and process it is', () => {
  expect(dependenciesFor([consumer('a')]).worker).toBe(workerIdentity());
  expect(workerIdentity()).toMatch(new RegExp(`^.+:${process.pid}$`));
});

it('tokens are never the same twice', () => {
  const { mintToken } = dependenciesFor([consumer('a')]);
  expect(new Set(Array.from({ length: 1_000 }, mintToken)).size).toBe(1_000);
});

describe('a wrong list of consumers', () => {
  it.each([
    ['none', [], 'INVALID_OPTION', 'at least one'],
    ['options in place of a consumer', [{ name: 'a' }], 'INVALID_OPTION', 'defineConsumer'],
    [
      'two of one name on one stream',
      [consumer('a'), consumer('b'), consumer('a')],
      'DUPLICATE_CONSUMER',
      'a on stream flights',
    ],
    [
      'one by name and one by ARN',
      [consumer('a'), consumer('a', 'arn:aws:kinesis:us-east-1:000000000000:stream/flights')],
      'DUPLICATE_CONSUMER',
      'flights',
    ],
  ] as [string, ConsumerDefinition[], string, string][])('%s is refused', (_, consumers, code, named) => {
    expect(() => createActivities(consumers)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(named) }) as Error,
    );
  });
});

it.each([0, -1, 1.5, 10_001, Number.NaN])('a worker for %p shards is refused before it connects', async (maxShards) => {
  await expect(createWorker([consumer('a')], { maxShards })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});
