import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { writeTransaction } from '../../../src/checkpoints/dynamodb-transaction';

const checkpoint = { TableName: 't', Key: { pk: { S: 'x' } }, UpdateExpression: 'SET a = :a' };

/** What a transaction comes to that DynamoDB answers with this error. */
function answerTo(name: string, message = 'planted'): ReturnType<typeof writeTransaction> {
  const error = Object.assign(new Error(message), { name });
  const client = { send: () => Promise.reject(error) } as unknown as DynamoDBClient;
  return writeTransaction(client, checkpoint, [], 'token');
}

describe('a transaction whose request DynamoDB cannot read', () => {
  it.each(['ValidationException', 'SerializationException'])('(%s) refuses the effects', async (name) => {
    expect(await answerTo(name)).toMatchObject({ kind: 'effectsRefused', code: 'EFFECT_REFUSED', detail: 'planted' });
  });

  it('any other error is left to whoever sent it', async () => {
    await expect(answerTo('AccessDeniedException')).rejects.toThrow('planted');
  });
});
