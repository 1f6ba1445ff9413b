import type { Backend } from './backend';
import type { FaultRules } from './fault-rules';
import { MAX_HASH_KEY } from './hash-keys';
import type { FaultyServer } from './json-server';
import type { RequestLog } from './request-log';
import type { PutResult, StreamStatus } from './stream';
import type { StreamConsumers } from './stream-consumers';
import type { Subscription, SubscriptionRules } from './subscription';

export interface PutOptions {
  explicitHashKey?: string;
  /** Puts the record into this shard whatever its hash key is. */
  shardId?: string;
  /** Default: the clock. Must not be before the shard's last record. */
  arrivalMs?: number;
}

export interface PutEntry extends PutOptions {
  partitionKey: string;
  data: string | Uint8Array;
}

/** A shard of any lineage for addShards. Hash keys default to the whole range, the id to the next free one. */
export interface ScriptedShard {
  shardId?: string;
  parentShardId?: string;
  adjacentParentShardId?: string;
  startingHashKey?: bigint;
  endingHashKey?: bigint;
  createdAtMs?: number;
  /** Set: the shard is closed since then. */
  closedAtMs?: number;
}

export interface ScriptedRecord {
  sequenceNumber: string;
  partitionKey: string;
  data: Buffer;
  arrivalMs: number;
}

/** In-process control of a scripted Kinesis; none of its calls passes through fault rules. */
export class KinesisControl {
  readonly faults: FaultRules;
  readonly requests: RequestLog;

  constructor(
    private readonly backend: Backend,
    private readonly server: FaultyServer,
  ) {
    this.faults = server.faults;
    this.requests = server.requests;
  }

  get consumers(): StreamConsumers {
    return this.backend.consumers;
  }

  /** Every subscription that was accepted, oldest first. */
  get subscriptions(): readonly Subscription[] {
    return this.backend.subscriptions;
  }

  get subscriptionRules(): SubscriptionRules {
    return this.backend.subscriptionRules;
  }

  /** Returns the ARN. */
  registerConsumer(stream: string, name: string): string {
    return this.backend.consumers.register(this.backend.stream(stream), name, this.now()).arn;
  }

  /** Takes a stream consumer away; its subscriptions end with an exception. */
  deregisterConsumer(stream: string, name: string): void {
    this.backend.deregister(this.backend.consumers.find(this.backend.stream(stream), name));
  }

  get endpoint(): string {
    return this.server.endpoint;
  }

  /** While on, open connections are destroyed and new ones are reset at once. */
  outage(on: boolean): void {
    this.server.outage(on);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  now(): number {
    return this.backend.nowMs();
  }

  /** A number stops the clock there; a function replaces it. */
  setClock(clock: number | (() => number)): void {
    this.backend.setClock(clock);
  }

  advanceClock(ms: number): void {
    this.backend.advanceClock(ms);
  }

  /** Returns the ARN and the creation time of this incarnation. */
  createStream(name: string, shardCount: number): { arn: string; createdAtMs: number } {
    const { arn, createdAtMs } = this.backend.createStream(name, shardCount).origin;
    return { arn, createdAtMs };
  }

  deleteStream(name: string): void {
    this.backend.deleteStream(name);
  }

  setStreamStatus(name: string, status: StreamStatus): void {
    this.backend.stream(name).status = status;
  }

  setRetention(name: string, retentionMs: number): void {
    this.backend.stream(name).retentionMs = retentionMs;
  }

  put(name: string, partitionKey: string, data: string | Uint8Array, options: PutOptions = {}): PutResult {
    return this.backend.unexpiredStream(name).put({
      ...options,
      partitionKey,
      dataBase64: Buffer.from(data).toString('base64'),
      arrivalMs: options.arrivalMs ?? this.now(),
    });
  }

  putMany(name: string, entries: Iterable<PutEntry>): PutResult[] {
    return Array.from(entries, ({ partitionKey, data, ...options }) => this.put(name, partitionKey, data, options));
  }

  /** Splits in the middle unless told otherwise; returns the children's ids. */
  split(name: string, shardId: string, newStartingHashKey?: bigint): [string, string] {
    const [left, right] = this.backend.stream(name).split(shardId, this.now(), newStartingHashKey);
    return [left.shardId, right.shardId];
  }

  /** Returns the child's id. */
  merge(name: string, shardId: string, adjacentShardId: string): string {
    return this.backend.stream(name).merge(shardId, adjacentShardId, this.now()).shardId;
  }

  /** Adds shards of any lineage, consistent or not; returns their ids. */
  addShards(name: string, shards: readonly ScriptedShard[]): string[] {
    return shards.map((shard) => this.addShard(name, shard));
  }

  /** Closes a shard without children. */
  closeShard(name: string, shardId: string): void {
    const stream = this.backend.stream(name);
    stream.closeShard(stream.shard(shardId), this.now());
  }

  /** Forgets a shard, as AWS does once all its records have expired. */
  removeShard(name: string, shardId: string): void {
    this.backend.stream(name).removeShard(shardId);
  }

  /** Drops the records before this sequence number, as retention would. */
  trim(name: string, shardId: string, beforeSequenceNumber: string): void {
    const stream = this.backend.stream(name);
    const shard = stream.shard(shardId);
    shard.trimBefore(stream.ordinalIn(shard, beforeSequenceNumber));
  }

  shards(name: string): { shardId: string; parentShardIds: string[]; isOpen: boolean; recordCount: number }[] {
    return this.backend.stream(name).shards.map((shard) => ({
      shardId: shard.shardId,
      parentShardIds: shard.parentShardIds,
      isOpen: shard.isOpen,
      recordCount: shard.records.length,
    }));
  }

  /** What the shard still holds, oldest first. */
  records(name: string, shardId: string): ScriptedRecord[] {
    const shard = this.backend.stream(name).shard(shardId);
    return shard.records.map((record) => ({
      sequenceNumber: shard.sequenceNumber(record.ordinal),
      partitionKey: record.partitionKey,
      data: Buffer.from(record.dataBase64, 'base64'),
      arrivalMs: record.arrivalMs,
    }));
  }

  private addShard(name: string, shard: ScriptedShard): string {
    const { startingHashKey = 0n, endingHashKey = MAX_HASH_KEY, closedAtMs, ...origin } = shard;
    const stream = this.backend.unexpiredStream(name);
    const added = stream.addShard({
      ...origin,
      range: { start: startingHashKey, end: endingHashKey },
      createdAtMs: shard.createdAtMs ?? this.now(),
    });
    if (closedAtMs !== undefined) stream.closeShard(added, closedAtMs);
    return added.shardId;
  }
}
