import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { CheckpointRow } from '../core/checkpoint';
import {
  checkpointKey,
  consumerPartition,
  registrationKey,
  type ShardIdentity,
  type StreamIncarnation,
} from '../core/names';
import type {
  CheckpointStore,
  CheckpointWrite,
  EffectsRefused,
  KnownShard,
  Registration,
  WriteAnswer,
} from './checkpoint-store';

/** Checkpoints in memory, with the same conditions as the DynamoDB store. For tests and for trying a handler out. */
export class MemoryCheckpointStore implements CheckpointStore {
  /** Rows by partition key, open to tests that damage, delete or restore them. */
  readonly rows = new Map<string, CheckpointRow>();
  /**
   * Takes the effects of a write whose condition holds, all or none: an answer refuses them. Open to tests; by default they are kept in
   * `effects`.
   */
  applyEffects: (effects: readonly TransactWriteItem[]) => EffectsRefused | undefined = (effects) => {
    this.effects.push(...effects);
    return undefined;
  };
  readonly effects: TransactWriteItem[] = [];
  private readonly registrations = new Map<string, Registration>();
  private readonly shards = new Map<string, Map<string, KnownShard>>();

  async read(shard: ShardIdentity): Promise<CheckpointRow | undefined> {
    return this.rows.get(checkpointKey(shard).pk);
  }

  async readMany(shards: readonly ShardIdentity[]): Promise<(CheckpointRow | undefined)[]> {
    return shards.map((shard) => this.rows.get(checkpointKey(shard).pk));
  }

  async write(write: CheckpointWrite): Promise<WriteAnswer> {
    const { pk } = checkpointKey(write.shard);
    const row = this.rows.get(pk);
    const holds = 'absent' in write.condition ? row === undefined : row?.token === write.condition.token;
    if (!holds) return row === undefined ? { kind: 'refused' } : { kind: 'refused', row };
    const { next, facts, writer, workflowId, parentShardIds, effects = [] } = write;
    const refusal = effects.length > 0 ? this.applyEffects(effects) : undefined;
    if (refusal) return refusal;
    this.rows.set(pk, { ...next, ...facts, writer, workflowId, parentShardIds, revision: (row?.revision ?? 0) + 1 });
    return { kind: 'written' };
  }

  async writeEffects(effects: readonly TransactWriteItem[]): Promise<EffectsRefused | undefined> {
    return this.applyEffects(effects);
  }

  async register(stream: StreamIncarnation, registration: Registration): Promise<Registration> {
    const { pk, sk } = registrationKey(stream);
    const existing = this.registrations.get(pk + sk);
    if (existing) return existing;
    this.registrations.set(pk + sk, registration);
    return registration;
  }

  async findRegistration(stream: StreamIncarnation): Promise<Registration | undefined> {
    const { pk, sk } = registrationKey(stream);
    return this.registrations.get(pk + sk);
  }

  async markInitialShardsRecorded(stream: StreamIncarnation): Promise<void> {
    const { pk, sk } = registrationKey(stream);
    const registration = this.registrations.get(pk + sk);
    if (registration) this.registrations.set(pk + sk, { ...registration, initialShardsRecorded: true });
  }

  async recordShards(stream: StreamIncarnation, shards: readonly KnownShard[]): Promise<void> {
    const known = this.knownShards(stream);
    for (const shard of shards) if (!known.has(shard.shardId)) known.set(shard.shardId, shard);
  }

  async listKnownShards(stream: StreamIncarnation): Promise<KnownShard[]> {
    return [...this.knownShards(stream).values()];
  }

  private knownShards(stream: StreamIncarnation): Map<string, KnownShard> {
    const key = `${consumerPartition(stream)}@${stream.createdAtMs}`;
    const known = this.shards.get(key) ?? new Map<string, KnownShard>();
    this.shards.set(key, known);
    return known;
  }
}
