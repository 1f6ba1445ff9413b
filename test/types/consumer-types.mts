/** What TypeScript makes of consumers. Nothing here runs: `npm run typecheck` is the test. An ES module, as arktype is one. */
import { type } from 'arktype';
import {
  defineConsumer,
  eachRecord,
  RecordRejectedError,
  type Batch,
  type BatchHandler,
  type ConsumerDefinition,
  type KinesisRecord,
  type RecordHandler,
} from 'tidemark';
import * as v from 'valibot';
import { z } from 'zod';

const options = { name: 'delays', stream: 'flights', startFrom: 'LATEST' } as const;

/** Compiles only for the very same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(is: Same<A, B>): boolean => is;

interface Flight {
  delay: number;
  at: Date;
}
const date = (text: string): Date => new Date(text);
const zodFlight = z.object({ delay: z.number(), at: z.string().transform(date) });
const valibotFlight = v.object({ delay: v.number(), at: v.pipe(v.string(), v.transform(date)) });
const arkFlight = type({ delay: 'number', at: type('string').pipe(date) });

/** The output of the schema, not its input, reaches the handler. */
export const consumers: ConsumerDefinition[] = [
  defineConsumer({ ...options, schema: zodFlight, handler: ({ records: [a] }) => void same<typeof a, Typed>(true) }),
  defineConsumer({
    ...options,
    schema: valibotFlight,
    handler: ({ records: [a] }) => void same<typeof a, Typed>(true),
  }),
  defineConsumer({ ...options, schema: arkFlight, handler: ({ records: [a] }) => void same<typeof a, Typed>(true) }),
  defineConsumer({
    ...options,
    schema: zodFlight,
    handler: eachRecord(async ({ value }, { fence }) => void [same<typeof value, Flight>(true), fence + 1]),
  }),
  defineConsumer({
    ...options,
    handler: eachRecord(({ value }) => void same<typeof value, Flight>(true), { concurrency: 8 }),
    schema: arkFlight,
  }),
];
type Typed = KinesisRecord<Flight> | undefined;

/** Without a schema there is no value. */
export const untyped: ConsumerDefinition[] = [
  defineConsumer({
    ...options,
    handler: ({ records: [a] }) => void same<typeof a, KinesisRecord<undefined> | undefined>(true),
  }),
  defineConsumer({ ...options, handler: eachRecord(({ value }) => void same<typeof value, unknown>(true)) }),
];

/** Functions that do not care about the value fit every consumer. */
const log: RecordHandler = (record: KinesisRecord) => console.log(record.sequenceNumber);
const count: BatchHandler = ({ records }: Batch) => console.log(records.length);
export const general: ConsumerDefinition[] = [
  defineConsumer({ ...options, handler: eachRecord(log) }),
  defineConsumer({ ...options, handler: eachRecord(log), schema: zodFlight }),
  defineConsumer({ ...options, handler: count, schema: valibotFlight, filter: (record) => record.data.length > 0 }),
  defineConsumer({ ...options, handler: count, onDeadLetter: async ({ data, condition }) => void [data, condition] }),
];

/** Every kind of answer. */
export const answers: BatchHandler<Flight>[] = [
  () => undefined,
  async () => {},
  ({ records }) => ({
    failures: records.map((record) => ({ record, reason: 'late', retryable: record.value.delay > 1 })),
  }),
  async ({ records: [record, ...unhandled] }) =>
    record && { failures: [{ record, reason: new RecordRejectedError('late', { record, cause: 1 }) }], unhandled },
  async () => ({ transact: [{ Put: { TableName: 't', Item: { pk: { S: 'a' } } } }] }),
];

export const wrong = [
  // @ts-expect-error the value is a number
  defineConsumer({ ...options, schema: zodFlight, handler: eachRecord(({ value }) => void value.delay.trim()) }),
  // @ts-expect-error there is no value without a schema
  defineConsumer({ ...options, handler: eachRecord(({ value }) => void value.delay) }),
  // @ts-expect-error a handler of other values than the schema gives
  defineConsumer({ ...options, schema: z.string(), handler: (_: Batch<Flight>) => undefined }),
  // @ts-expect-error an answer that is none
  defineConsumer({ ...options, handler: async () => 'a row' }),
  // @ts-expect-error a failure without a reason
  defineConsumer({ ...options, handler: ({ records }) => ({ failures: records.map((record) => ({ record })) }) }),
  // @ts-expect-error a filter gives a boolean
  defineConsumer({ ...options, handler: count, filter: (record) => record.partitionKey }),
];
