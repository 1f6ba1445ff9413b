import { createRequire } from 'node:module';

/** AWS's own library for the aggregate format, as far as tests and benchmarks use it. Its types want the SDK of version 2. */
interface Library {
  readonly RecordAggregator: new () => {
    addUserRecord(record: TheirRecord): void;
    build(): { readonly partitionKey: string; readonly data: Buffer; readonly ExplicitHashKey?: string };
  };
  deaggregateSync(
    record: { readonly partitionKey: string; readonly sequenceNumber: string; readonly data: string | Buffer },
    verifyChecksum: boolean,
    done: (error: unknown, records?: TheirUserRecord[]) => void,
  ): void;
}

export interface TheirRecord {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  readonly data: Buffer;
}

export interface TheirUserRecord {
  readonly partitionKey: string;
  readonly explicitPartitionKey?: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber?: number;
  /** Base64. */
  readonly data: string;
}

const library = createRequire(__filename)('aws-kinesis-agg') as Library;

export function theirAggregate(records: readonly TheirRecord[]): Buffer {
  const aggregator = new library.RecordAggregator();
  for (const record of records) aggregator.addUserRecord(record);
  return aggregator.build().data;
}

/** Of an aggregate, or its base64. @throws what it calls back with */
export function theirUserRecords(data: string | Buffer): TheirUserRecord[] {
  let found: TheirUserRecord[] = [];
  let failure: Error | undefined;
  library.deaggregateSync({ partitionKey: 'outer', sequenceNumber: '1', data }, true, (error, records) => {
    if (error instanceof Error) failure ??= error;
    found = records ?? found;
  });
  if (failure) throw failure;
  return found;
}
