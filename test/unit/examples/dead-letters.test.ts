import { PutObjectCommand, S3Client, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import toBucket from '../../../examples/dead-letters-to-s3/consumer';
import toQueue from '../../../examples/dead-letters-to-sqs/consumer';
import { deliver, letterOf } from './deliveries';

jest.mock('tidemark', () => jest.requireActual<object>('../../../src'), { virtual: true });

const MEGABYTE = 1_024 * 1_024;
const small = letterOf(Buffer.from('{"origin":"ORD"}'));

afterEach(() => jest.restoreAllMocks());

describe('dead-letters-to-sqs', () => {
  /** A FIFO queue, which drops what it has within five minutes. */
  function openQueue(): SendMessageCommandInput[] {
    const messages: SendMessageCommandInput[] = [];
    jest.spyOn(SQSClient.prototype, 'send').mockImplementation(async (command: unknown) => {
      if (!(command instanceof SendMessageCommand)) throw new Error('Another command');
      const { input } = command;
      const isNew = messages.every((old) => old.MessageDeduplicationId !== input.MessageDeduplicationId);
      if (isNew) messages.push(input);
    });
    return messages;
  }

  it('tells what failed, where and why, with the payload', async () => {
    const messages = openQueue();
    await toQueue.onDeadLetter?.(small);
    expect(messages).toHaveLength(1);
    const [{ MessageBody, MessageGroupId, QueueUrl } = { MessageBody: '' }] = messages;
    expect(QueueUrl).toMatch(/\.fifo$/);
    expect(MessageGroupId).toBe(small.shard.shardId);
    const told = JSON.parse(MessageBody ?? '') as { payload: string };
    expect(told).toMatchObject({
      consumer: 'late-flights',
      shardId: small.shard.shardId,
      sequenceNumber: small.sequenceNumber,
      condition: 'RecordRejected',
      errors: [{ code: 'RECORD_REJECTED', attempts: 1 }],
    });
    expect(Buffer.from(told.payload, 'base64').toString()).toBe('{"origin":"ORD"}');
  });

  it('is one message where it is called twice', async () => {
    const messages = openQueue();
    await toQueue.onDeadLetter?.(small);
    await toQueue.onDeadLetter?.(small);
    await toQueue.onDeadLetter?.({ ...small, sequenceNumber: '7' });
    expect(messages.map(({ MessageDeduplicationId }) => MessageDeduplicationId)).toEqual([
      `${small.shard.shardId}/${small.sequenceNumber}`,
      `${small.shard.shardId}/7`,
    ]);
  });

  it('leaves a payload in the table that no queue takes', async () => {
    const messages = openQueue();
    await toQueue.onDeadLetter?.(letterOf(Buffer.alloc(10 * MEGABYTE, 1)));
    const body = messages[0]?.MessageBody ?? '';
    expect(body.length).toBeLessThan(256 * 1_024);
    expect(JSON.parse(body)).toMatchObject({ bytes: 10 * MEGABYTE });
    expect(JSON.parse(body)).not.toHaveProperty('payload');
  });

  it('may send the largest payload that it sends at all', async () => {
    const messages = openQueue();
    await toQueue.onDeadLetter?.(letterOf(Buffer.alloc(150 * 1_024, 1)));
    expect(messages[0]?.MessageBody).toContain('"payload"');
    expect(messages[0]?.MessageBody?.length).toBeLessThan(256 * 1_024);
  });

  it('fails where the queue cannot be reached: then nothing is committed', async () => {
    jest.spyOn(SQSClient.prototype, 'send').mockImplementation(() => Promise.reject(new Error('no such queue')));
    await expect(toQueue.onDeadLetter?.(small)).rejects.toThrow('no such queue');
  });

  it('rejects a flight without a delay at once', async () => {
    jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const outcome = await deliver(toQueue, [{ origin: 'ORD', delay: 7 }, { origin: 'JFK' }, 'no JSON']);
    expect(outcome.rejected).toMatchObject([{ index: 1, error: { code: 'RECORD_REJECTED' } }]);
    expect(outcome.failed).toMatchObject([{ index: 2, error: { code: 'HANDLER_FAILED' } }]);
  });
});

describe('dead-letters-to-s3', () => {
  function openBucket(): Map<string, PutObjectCommandInput> {
    const objects = new Map<string, PutObjectCommandInput>();
    jest.spyOn(S3Client.prototype, 'send').mockImplementation(async (command: unknown) => {
      if (!(command instanceof PutObjectCommand)) throw new Error('Another command');
      objects.set(command.input.Key ?? '', command.input);
    });
    return objects;
  }

  it('puts the payload as it was, whatever its size, and then the facts', async () => {
    const objects = openBucket();
    const data = Buffer.alloc(10 * MEGABYTE, 7);
    await toBucket.onDeadLetter?.(letterOf(data));
    const key = `dead-letters/late-flights/${small.shard.shardId}/${small.sequenceNumber}`;
    expect([...objects.keys()]).toEqual([`${key}.bin`, `${key}.json`]);
    expect(objects.get(`${key}.bin`)?.Body).toBe(data);
    const facts = JSON.parse(objects.get(`${key}.json`)?.Body as string) as object;
    expect(facts).toMatchObject({
      partitionKey: 'ORD ✈',
      bytes: data.byteLength,
      arrivedAt: '2026-01-01T00:00:00.123Z',
    });
    expect(facts).not.toHaveProperty('data');
  });

  it('is the same objects where it is called twice', async () => {
    const objects = openBucket();
    await toBucket.onDeadLetter?.(small);
    await toBucket.onDeadLetter?.(small);
    expect(objects.size).toBe(2);
  });

  it('does not tell of a payload that could not be put', async () => {
    const keys: (string | undefined)[] = [];
    jest.spyOn(S3Client.prototype, 'send').mockImplementation(async (command: unknown) => {
      keys.push((command as PutObjectCommand).input.Key);
      throw new Error('access denied');
    });
    await expect(toBucket.onDeadLetter?.(small)).rejects.toThrow('access denied');
    expect(keys).toEqual([expect.stringMatching(/\.bin$/)]);
  });
});
