import type { ConsumerOptions } from '../../../../src/core/options';
import { defineConsumer, type ConsumerDefinition, type ConsumerInput } from '../../../../src/handler/define-consumer';
import type { BatchHandler } from '../../../../src/handler/handler';
import type { RunRequest } from '../../../../src/handler/handler-runner';
import type { RawRecord } from '../../../../src/kinesis/kinesis-port';

export const SHARD = {
  consumer: 'delays',
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/flights',
  createdAtMs: 1_767_225_600_000,
  shardId: 'shardId-000000000000',
};

/** A record per payload: its sequence number is its index, its partition key `key-<index>`. */
export function rawRecords(payloads: readonly (string | Uint8Array)[]): RawRecord[] {
  return payloads.map((payload, index) => ({
    sequenceNumber: String(index),
    partitionKey: `key-${index}`,
    data: typeof payload === 'string' ? Buffer.from(payload) : payload,
    arrivalMs: 1_767_225_600_000 + index,
  }));
}

export function requestOf(payloads: readonly (string | Uint8Array)[], more: Partial<RunRequest> = {}): RunRequest {
  return {
    shard: SHARD,
    records: rawRecords(payloads),
    millisBehindLatest: 7,
    attempt: 1,
    fence: 3,
    redrive: false,
    lost: new AbortController().signal,
    keepPayloads: false,
    ...more,
  };
}

type Parts = Partial<Omit<ConsumerInput, keyof ConsumerOptions>> & Partial<ConsumerOptions>;

export function consumerOf(handler: BatchHandler, parts: Parts = {}): ConsumerDefinition {
  return defineConsumer({ name: 'delays', stream: 'flights', startFrom: 'LATEST', handler, ...parts });
}

export const never = (): AbortSignal => new AbortController().signal;
