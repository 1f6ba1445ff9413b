/**
 * Typed records. A record that is not JSON, or does not validate, never reaches the handler and is not tried again: it goes to the dead
 * letters at once, with the codes of the validator's issues. Any Standard Schema validator will do, such as valibot and arktype.
 */
import { defineConsumer, eachRecord } from 'tidemark';
import { z } from 'zod';

const Flight = z.object({
  origin: z.string().length(3),
  destination: z.string().length(3),
  delay: z.number().int(),
  departure: z.iso.datetime().transform((text) => new Date(text)),
});

export default defineConsumer({
  name: 'typed-flights',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  // Runs before the schema. What it does not let through is counted and passed over.
  filter: (record) => record.partitionKey !== 'TEST',
  schema: Flight,
  handler: eachRecord(({ value: { origin, destination, delay, departure } }) => {
    // `departure` is a Date here: the handler gets what the schema has made.
    console.log(`${origin}-${destination} of ${departure.toISOString().slice(0, 10)}: ${delay} minutes late`);
  }),
});
