import type { DeadLetter } from '../../../src/core/dead-letter';
import type { ConsumerDefinition } from '../../../src/handler/define-consumer';
import { inlineRunner } from '../../../src/handler/inline-runner';
import type { RunOutcome, RunRequest } from '../../../src/handler/handler-runner';
import { requestOf } from '../handler/support/runs';

export const SHARD = {
  consumer: 'late-flights',
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/flights',
  createdAtMs: 1_767_225_600_000,
  shardId: 'shardId-000000000000',
};

/** Hands records to a consumer's filter, schema and handler, in this thread, as a worker does. */
export function deliver(
  consumer: ConsumerDefinition,
  payloads: readonly unknown[],
  more: Partial<RunRequest> = {},
): Promise<RunOutcome> {
  const texts = payloads.map((payload) => (typeof payload === 'string' ? payload : JSON.stringify(payload)));
  return inlineRunner(consumer).run(requestOf(texts, { shard: SHARD, ...more }));
}

/** A dead letter as a worker hands it to `onDeadLetter`. */
export function letterOf(data: Uint8Array, change: Partial<DeadLetter> = {}): DeadLetter {
  return {
    shard: SHARD,
    sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
    partitionKey: 'ORD ✈',
    arrivalMs: 1_767_225_600_123,
    bytes: data.byteLength,
    data,
    condition: 'RecordRejected',
    status: 'OPEN',
    errors: [
      {
        code: 'RECORD_REJECTED',
        message: 'RecordRejectedError',
        attempts: 1,
        atMs: 1_767_225_601_000,
        workflowId: 'tidemark/late-flights/flights@1767225600000/shardId-000000000000',
        runId: 'run-1',
      },
    ],
    writtenAtMs: 1_767_225_601_000,
    version: 1,
    ...change,
  };
}
