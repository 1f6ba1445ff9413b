/**
 * Tells a queue of each record that is set aside. The letter itself, with its payload of any size, is in the checkpoint table: whoever
 * reads the queue finds it with `npx tidemark dead-letters show consumer.ts <sequence number>`.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { defineConsumer, eachRecord, RecordRejectedError, type DeadLetter } from 'tidemark';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

/** A queue takes messages of 256 KiB unless it was made for larger ones, and base64 makes four bytes of three. */
const MAX_PAYLOAD_BYTES = 150 * 1_024;
/** A FIFO queue: its deduplication makes one message of two calls within five minutes. */
const QueueUrl = process.env.DEAD_LETTER_QUEUE ?? 'https://sqs.eu-west-1.amazonaws.com/111122223333/dead-flights.fifo';

const sqs = new SQSClient({});

export default defineConsumer({
  name: 'late-flights',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  handler: eachRecord((record) => {
    const { origin, delay } = record.json<Flight>();
    // It can never succeed, so it is not tried five times.
    if (typeof delay !== 'number') throw new RecordRejectedError('A flight without a delay');
    console.log(`${origin}: ${delay} minutes late`);
  }),
  // Runs before the checkpoint passes the record. If it fails, nothing is committed, and it is called again.
  onDeadLetter: async (letter) => {
    const { shard, sequenceNumber, subSequenceNumber } = letter;
    // User records of a KPL aggregate share a sequence number.
    const name = [sequenceNumber, subSequenceNumber].filter((part) => part !== undefined).join('.');
    await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: JSON.stringify(messageOf(letter)),
        MessageGroupId: shard.shardId,
        MessageDeduplicationId: `${shard.shardId}/${name}`,
      }),
    );
  },
});

/** Whoever may read the queue sees partition key and payload: leave them out if they should not. */
function messageOf({ shard, data, ...letter }: DeadLetter) {
  const { consumer, streamName, shardId } = shard;
  const payload = data.byteLength <= MAX_PAYLOAD_BYTES ? Buffer.from(data).toString('base64') : undefined;
  return { consumer, streamName, shardId, ...letter, payload };
}
