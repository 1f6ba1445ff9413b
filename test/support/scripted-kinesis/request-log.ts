import { asksForCbor } from './cbor';
import type { JsonObject, JsonRequest } from './json-request';

export interface LoggedRequest {
  readonly operation: string;
  /** Parsed body without record payloads (`Records`, `Data`). */
  readonly body: JsonObject;
  readonly atMs: number;
  readonly isCbor: boolean;
}

const MAX_LOGGED_REQUESTS = 10_000;

/** Every request that arrived, dropped ones too. Counts are exact; bodies are kept for the last 10,000. */
export class RequestLog {
  private readonly counts = new Map<string, number>();
  private logged: LoggedRequest[] = [];

  record(request: JsonRequest, atMs: number): void {
    this.counts.set(request.operation, this.count(request.operation) + 1);
    this.logged.push({
      operation: request.operation,
      body: withoutPayload(request.body),
      atMs,
      isCbor: asksForCbor(request),
    });
    if (this.logged.length > 2 * MAX_LOGGED_REQUESTS) this.logged = this.logged.slice(-MAX_LOGGED_REQUESTS);
  }

  count(operation: string): number {
    return this.counts.get(operation) ?? 0;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Oldest first; of one operation, or of all. */
  list(operation?: string): readonly LoggedRequest[] {
    const recent = this.logged.slice(-MAX_LOGGED_REQUESTS);
    return operation === undefined ? recent : recent.filter((request) => request.operation === operation);
  }

  clear(): void {
    this.counts.clear();
    this.logged = [];
  }
}

function withoutPayload(body: JsonObject): JsonObject {
  if (!('Records' in body) && !('Data' in body)) return body;
  const { Records: _records, Data: _data, ...rest } = body;
  return rest;
}
