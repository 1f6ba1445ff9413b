import { TransactionCanceledException, type CancellationReason, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { writeAlone, writeTransaction } from '../../../src/checkpoints/dynamodb-transaction';

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

describe('effects without a checkpoint', () => {
  const effects = [1, 2].map((id) => ({ Put: { TableName: 't', Item: { id: { N: `${id}` } } } }));
  const write = (answer: () => Promise<unknown>, more = effects): ReturnType<typeof writeAlone> =>
    writeAlone({ send: answer } as unknown as DynamoDBClient, more, 'token');
  const cancelled =
    (...CancellationReasons: CancellationReason[]) =>
    () =>
      Promise.reject(new TransactionCanceledException({ $metadata: {}, message: 'cancelled', CancellationReasons }));

  it('are written, or refused as a whole', async () => {
    expect(await write(() => Promise.resolve({}))).toBeUndefined();
    // The first one is no checkpoint: its condition is the user's.
    expect(await write(cancelled({ Code: 'ConditionalCheckFailed' }, { Code: 'None' }))).toMatchObject({
      code: 'EFFECT_REFUSED',
      message: 'effect 1 of 2 was refused: ConditionalCheckFailed',
    });
    expect(
      await write(() => Promise.reject(Object.assign(new Error('x'), { name: 'ValidationException' }))),
    ).toMatchObject({
      code: 'EFFECT_REFUSED',
    });
  });

  it('that fit no transaction are not sent', async () => {
    const sent = jest.fn();
    const many = Array.from({ length: 120 }, () => effects).flat();
    expect(await write(sent, many)).toMatchObject({ code: 'TRANSACTION_TOO_LARGE' });
    expect(sent).not.toHaveBeenCalled();
  });

  it('are undecided where something else is wrong', async () => {
    await expect(write(cancelled({ Code: 'None' }, { Code: 'TransactionConflict' }))).rejects.toMatchObject({
      code: 'THROUGHPUT_EXCEEDED',
    });
    await expect(write(() => Promise.reject(new Error('planted')))).rejects.toThrow('planted');
  });
});
