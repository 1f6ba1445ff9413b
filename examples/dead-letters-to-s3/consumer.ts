/** Copies each record that is set aside to a bucket: its payload as it was, up to 10 MiB, and what is known of it beside it. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { defineConsumer, type DeadLetter } from 'tidemark';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

const Bucket = process.env.DEAD_LETTER_BUCKET ?? 'dead-flights';

const s3 = new S3Client({});

export default defineConsumer({
  name: 'late-flights',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  // The bucket keeps them; DynamoDB deletes its own letters after 30 days.
  deadLetterTtlMs: 30 * 86_400_000,
  handler: ({ records }) => {
    for (const record of records) console.log(record.json<Flight>().delay);
  },
  onDeadLetter: async (letter) => {
    // The same key whenever it is called for this record: a second call writes the same objects again.
    // User records of a KPL aggregate share a sequence number.
    const { shard, sequenceNumber, subSequenceNumber } = letter;
    const name = [sequenceNumber, subSequenceNumber].filter((part) => part !== undefined).join('.');
    const key = `dead-letters/${shard.consumer}/${shard.shardId}/${name}`;
    await s3.send(new PutObjectCommand({ Bucket, Key: `${key}.bin`, Body: letter.data }));
    // The facts come last: where they are, the payload is.
    const Body = JSON.stringify(factsOf(letter), undefined, 2);
    await s3.send(new PutObjectCommand({ Bucket, Key: `${key}.json`, Body, ContentType: 'application/json' }));
  },
});

function factsOf({ data: _data, arrivalMs, ...letter }: DeadLetter) {
  return { ...letter, arrivedAt: new Date(arrivalMs).toISOString() };
}
