import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';

import type { CheckpointWrite } from '../../../src/checkpoints/checkpoint-store';
import type { PlainItem } from '../../../src/checkpoints/dynamodb-item-reader';
import {
  fromCheckpointItem,
  fromKnownShardItem,
  fromRegistrationItem,
  toCheckpointAttributes,
  toKnownShardItem,
  toRegistrationItem,
} from '../../../src/checkpoints/dynamodb-items';
import { toCheckpointUpdate } from '../../../src/checkpoints/dynamodb-requests';
import { checkpointKey, knownShardKey, registrationKey } from '../../../src/core/names';
import { ABSENT, newStream, shardOf, state, writeOf } from '../../support/checkpoint-store.contract';
import { positions } from '../core/arbitraries';

const shard = shardOf(newStream('flights'));
const times = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
const counts = fc.maxSafeNat();
const texts = fc.string({ unit: 'grapheme', maxLength: 80 });
const optional = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined });

const writes: fc.Arbitrary<CheckpointWrite> = fc.record({
  shard: fc.constant(shard),
  condition: fc.oneof(fc.constant(ABSENT), fc.record({ token: fc.uuid() })),
  next: fc.record({ position: positions, generation: counts, token: texts, rewindId: optional(texts) }),
  facts: fc.record({
    totals: fc.record({ records: counts, bytes: counts, batches: counts }),
    committedAtMs: times,
    lastArrivalMs: optional(times),
    caughtUpAtMs: optional(times),
    millisBehindLatest: optional(counts),
  }),
  writer: fc.record({ runId: texts, activityId: texts, activitySeq: counts, attempt: counts }),
  workflowId: texts,
  parentShardIds: fc.array(texts, { maxLength: 2 }),
});

/** Through DynamoDB's own form and back. */
function stored(item: PlainItem): Record<string, unknown> {
  return unmarshall(marshall(item, { removeUndefinedValues: true }));
}

function itemOf(write: CheckpointWrite, revision: number): Record<string, unknown> {
  return stored({ ...checkpointKey(write.shard), ...toCheckpointAttributes(write), revision });
}

describe('items of the checkpoint table', () => {
  it('give back every checkpoint as it was written', () => {
    fc.assert(
      fc.property(writes, counts, (write, revision) => {
        const { next, facts, writer, workflowId, parentShardIds } = write;
        const row = fromCheckpointItem(itemOf(write, revision), shard);
        expect(row).toEqual({ ...next, ...facts, writer, workflowId, parentShardIds, revision });
      }),
    );
  });

  it('give back every registration as it was written', () => {
    const registrations = fc.record({
      start: positions,
      requestedStart: texts,
      registeredAtMs: times,
      initialShardsRecorded: fc.boolean(),
    });
    fc.assert(
      fc.property(registrations, (registration) => {
        expect(fromRegistrationItem(stored(toRegistrationItem(shard, registration)), shard)).toEqual(registration);
      }),
    );
  });

  it('give back every known shard as it was recorded', () => {
    const hashKeys = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String);
    const knownShards = fc.record({
      shardId: texts,
      parentShardIds: fc.array(texts, { maxLength: 2 }),
      start: positions,
      startingHashKey: optional(hashKeys),
      endingHashKey: optional(hashKeys),
    });
    fc.assert(
      fc.property(knownShards, (known) => {
        expect(fromKnownShardItem(stored(toKnownShardItem(shard, known)), knownShardKey(shard))).toEqual(known);
      }),
    );
  });

  it('fail by name, and in no other way, whatever one attribute is replaced with', () => {
    const item = itemOf(writeOf(shard, ABSENT, state('a')), 1);
    const damages = fc.tuple(fc.constantFrom(...Object.keys(item)), fc.option(fc.jsonValue(), { nil: undefined }));
    const read = (damaged: PlainItem): unknown => {
      try {
        return fromCheckpointItem(damaged, shard);
      } catch (error) {
        return error;
      }
    };
    fc.assert(
      fc.property(damages, ([name, value]) => {
        const result = read({ ...item, [name]: value });
        if (result instanceof Error)
          expect(result).toMatchObject({ code: 'CHECKPOINT_DAMAGED', context: checkpointKey(shard) });
        else
          expect(result).toEqual(expect.objectContaining({ position: expect.anything(), token: expect.any(String) }));
      }),
    );
  });

  it.each([
    ['schema', 2, 'schema'],
    ['token', undefined, 'token'],
    ['position', { at: 'AFTER', sequenceNumber: 12 }, 'position'],
    ['generation', -1, 'generation'],
    ['revision', 1.5, 'revision'],
    ['totals', { records: 1, bytes: 1 }, 'totals.batches'],
    ['writer', [], 'writer'],
    ['parentShardIds', 'shardId-1', 'parentShardIds'],
    ['committedAt', 'yesterday', 'committedAt'],
    ['lastArrivalAt', 12, 'lastArrivalAt'],
  ])('name the attribute that is damaged: %s = %j', (name, value, path) => {
    const item = { ...itemOf(writeOf(shard, ABSENT, state('a')), 1), [name]: value };
    expect(() => fromCheckpointItem(item, shard)).toThrow(`attribute ${path} is not`);
  });

  it('cost one write unit: a usual checkpoint stays below 1 KB', () => {
    const position = {
      at: 'AFTER',
      sequenceNumber: '49671246667567228643283430150187087032206582658500001794',
    } as const;
    const writer = { runId: '0199c6f2-7d3c-7b41-a0a4-6f8a5b7d3f10', activityId: '1234', activitySeq: 1234, attempt: 1 };
    const facts = {
      totals: { records: 123_456_789, bytes: 123_456_789_012, batches: 123_456 },
      committedAtMs: 1_767_225_700_000,
      lastArrivalMs: 1_767_225_700_000,
      caughtUpAtMs: 1_767_225_700_000,
      millisBehindLatest: 12_345,
    };
    const next = state('3f8e0b52-30cf-4a7c-9a57-5e2f6f0a4c11', { position });
    expect(sizeOf(itemOf(writeOf(shard, ABSENT, next, { writer, facts }), 123_456))).toBeLessThan(1_024);
  });
});

describe('requests', () => {
  it('of one write are the same bytes each time', () => {
    fc.assert(
      fc.property(writes, (write) => {
        expect(JSON.stringify(toCheckpointUpdate('t', write))).toBe(
          JSON.stringify(toCheckpointUpdate('t', structuredClone(write))),
        );
      }),
    );
  });

  it('always have a condition, and use every name and value that they define', () => {
    fc.assert(
      fc.property(writes, (write) => {
        const request = toCheckpointUpdate('t', write);
        const words = new Set(`${request.UpdateExpression} ${request.ConditionExpression}`.split(/[\s,()=+]+/));
        const defined = [
          ...Object.keys(request.ExpressionAttributeNames ?? {}),
          ...Object.keys(request.ExpressionAttributeValues ?? {}),
        ];
        expect(defined.filter((word) => !words.has(word))).toEqual([]);
        expect(request.ConditionExpression).toBe(
          'absent' in write.condition ? 'attribute_not_exists(pk)' : '#token = :believedToken',
        );
      }),
    );
  });

  it('keep sequence numbers and hash keys text', () => {
    const position = { at: 'AFTER', sequenceNumber: '007' } as const;
    const { ExpressionAttributeValues } = toCheckpointUpdate('t', writeOf(shard, ABSENT, state('a', { position })));
    expect(ExpressionAttributeValues?.[':position']).toEqual({
      M: { at: { S: 'AFTER' }, sequenceNumber: { S: '007' } },
    });
    expect(registrationKey(shard).pk).toContain(shard.streamArn);
  });
});

/** Size of an item as DynamoDB counts it, roughly: names and texts in UTF-8, numbers up to 21 bytes, 3 bytes and 1 an element for a map or list. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).length / 2) + 1;
  if (Array.isArray(value)) return value.reduce<number>((sum, element) => sum + sizeOf(element) + 1, 3);
  if (typeof value !== 'object' || value === null) return 1;
  return Object.entries(value).reduce((sum, [name, element]) => sum + Buffer.byteLength(name) + sizeOf(element) + 1, 3);
}
