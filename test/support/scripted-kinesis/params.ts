import { AwsError, invalidArgument, validationError } from './aws-error';
import type { Backend } from './backend';
import { isObject, type JsonObject } from './json-request';
import type { Stream } from './stream';

export function optionalString(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new AwsError('SerializationException', `${name} must be a string`);
}

export function requiredString(body: JsonObject, name: string): string {
  const value = optionalString(body, name);
  if (value === undefined) throw missing(name);
  return value;
}

export function optionalNumber(body: JsonObject, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value;
  throw new AwsError('SerializationException', `${name} must be a number`);
}

/** Epoch seconds with fraction, as AWS JSON sends times, in milliseconds. */
export function optionalTimeMs(body: JsonObject, name: string): number | undefined {
  const seconds = optionalNumber(body, name);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

export function optionalObject(body: JsonObject, name: string): JsonObject | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  throw new AwsError('SerializationException', `${name} must be a structure`);
}

export function missing(name: string): AwsError {
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  return validationError(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

export function toEpochSeconds(ms: number): number {
  return ms / 1000;
}

/** The stream named by StreamName or StreamARN; both are allowed if they agree. */
export function requestedStream(backend: Backend, body: JsonObject): Stream {
  const arn = optionalString(body, 'StreamARN');
  const name = optionalString(body, 'StreamName') ?? arn?.split(':stream/')[1];
  if (name === undefined) throw invalidArgument('Either StreamName or StreamARN must be provided.');
  const stream = backend.stream(name);
  if (arn !== undefined && arn !== stream.origin.arn) {
    throw invalidArgument(`StreamARN ${arn} does not name stream ${name}.`);
  }
  return stream;
}
