import { defineConsumer } from 'tidemark';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

export default defineConsumer({
  name: 'flight-delays',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  handler: async ({ records, shardId }) => {
    const late = records.filter((record) => record.json<Flight>().delay > 60);
    console.log(`${shardId}: ${records.length} flights, ${late.length} of them more than an hour late`);
  },
});
