/** The record processor of KCL for Node: one process per shard, started by Amazon's daemon, which speaks to it over standard input and output. */
import { createRequire } from 'node:module';
import { Reporter, type RecordView } from './reporter';

interface KclRecord {
  /** Base64. */
  readonly data: string;
}

interface Checkpointer {
  checkpoint(callback: (error: unknown) => void): void;
}

type Done = () => void;

interface RecordProcessor {
  initialize(input: { readonly shardId: string }, done: Done): void;
  processRecords(
    input: { readonly records: readonly KclRecord[]; readonly checkpointer: Checkpointer },
    done: Done,
  ): void;
  leaseLost(input: unknown, done: Done): void;
  shardEnded(input: { readonly checkpointer: Checkpointer }, done: Done): void;
  shutdownRequested(input: { readonly checkpointer: Checkpointer }, done: Done): void;
}

const VIEW: RecordView<KclRecord> = {
  size: ({ data }) => Buffer.byteLength(data, 'base64'),
  parse: ({ data }) => JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as unknown,
};
const reporter = new Reporter();
const kcl = createRequire(__filename)(reporter.order.settings.module ?? '') as (processor: RecordProcessor) => {
  run(): void;
};
let shard = '';

kcl({
  initialize: ({ shardId }, done) => {
    shard = shardId;
    done();
  },
  processRecords: ({ records, checkpointer }, done) => {
    if (records.length === 0) return done();
    reporter.handle(shard, records, VIEW);
    checkpointer.checkpoint((error) => {
      if (error === undefined || error === null) reporter.committed(shard, records.length);
      else console.error(error);
      done();
    });
  },
  leaseLost: (_, done) => done(),
  shardEnded: ({ checkpointer }, done) => checkpointer.checkpoint(done),
  shutdownRequested: ({ checkpointer }, done) => checkpointer.checkpoint(done),
}).run();
