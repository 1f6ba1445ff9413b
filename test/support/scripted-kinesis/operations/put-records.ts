import { AwsError, invalidArgument, validationError } from '../aws-error';
import type { Backend } from '../backend';
import { MAX_HASH_KEY } from '../hash-keys';
import { isObject, type JsonObject } from '../json-request';
import { optionalString, requestedStream, requiredString } from '../params';
import type { NewRecord, PutResult } from '../stream';

const MAX_RECORDS_PER_CALL = 500;
const MAX_RECORD_BYTES = 10 * 1024 * 1024;
const MAX_CALL_BYTES = 10 * 1024 * 1024;
const MAX_PARTITION_KEY_LENGTH = 256;

export function putRecord(backend: Backend, body: JsonObject): JsonObject {
  const stream = requestedStream(backend, body);
  return { ...describePut(stream.put(newRecord(body, backend.nowMs()))), EncryptionType: 'NONE' };
}

/** All or nothing here; partial failures are made with a `rewrite` fault. */
export function putRecords(backend: Backend, body: JsonObject): JsonObject {
  const stream = requestedStream(backend, body);
  const entries = recordEntries(body);
  const records = entries.map((entry) => newRecord(entry, backend.nowMs()));
  const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
  if (bytes > MAX_CALL_BYTES) throw invalidArgument(`Records size exceeds ${MAX_CALL_BYTES} bytes, got ${bytes}.`);
  const results = records.map((record) => describePut(stream.put(record)));
  return { FailedRecordCount: 0, Records: results, EncryptionType: 'NONE' };
}

function recordEntries(body: JsonObject): JsonObject[] {
  const entries = body['Records'];
  if (!Array.isArray(entries) || !entries.every(isObject)) {
    throw new AwsError('SerializationException', 'Records must be a list of structures');
  }
  if (entries.length >= 1 && entries.length <= MAX_RECORDS_PER_CALL) return entries;
  throw validationError(
    `1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length between 1 and ${MAX_RECORDS_PER_CALL}, got ${entries.length}`,
  );
}

function newRecord(entry: JsonObject, arrivalMs: number): NewRecord {
  const partitionKey = requiredString(entry, 'PartitionKey');
  if (partitionKey.length === 0 || partitionKey.length > MAX_PARTITION_KEY_LENGTH) {
    throw validationError(
      `1 validation error detected: Value at 'partitionKey' failed to satisfy constraint: Member must have length between 1 and ${MAX_PARTITION_KEY_LENGTH}`,
    );
  }
  const record = {
    partitionKey,
    dataBase64: requiredString(entry, 'Data'),
    explicitHashKey: explicitHashKey(entry),
    arrivalMs,
  };
  if (sizeOf(record) > MAX_RECORD_BYTES) throw validationError(`Record exceeds ${MAX_RECORD_BYTES} bytes.`);
  return record;
}

function explicitHashKey(entry: JsonObject): string | undefined {
  const value = optionalString(entry, 'ExplicitHashKey');
  if (value === undefined) return undefined;
  if (/^(0|[1-9]\d{0,38})$/.test(value) && BigInt(value) <= MAX_HASH_KEY) return value;
  throw invalidArgument(
    `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${value}`,
  );
}

function sizeOf(record: Pick<NewRecord, 'partitionKey' | 'dataBase64'>): number {
  return Buffer.byteLength(record.partitionKey) + Buffer.byteLength(record.dataBase64, 'base64');
}

function describePut(result: PutResult): JsonObject {
  return { ShardId: result.shardId, SequenceNumber: result.sequenceNumber };
}
