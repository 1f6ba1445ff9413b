import type { Client } from '@temporalio/client';
import type { ConsumerServices } from '../aws/consumer-services';
import type { KnownShard, Registration } from '../checkpoints/checkpoint-store';
import type { BackupCheckpoint } from '../core/backup';
import type { CheckpointRow } from '../core/checkpoint';
import { mapConcurrently } from '../core/map-concurrently';
import { shardWorkflowId, type StreamIncarnation } from '../core/names';
import { TRIM_HORIZON, type Position } from '../core/positions';
import { parentsOf, type Shard } from '../core/shard-graph';
import type { StreamRegistration } from '../core/shard-work';
import { parkedKeysOf } from './parked-keys-of';
import { readPendingActivity } from './pending-activity';
import { rememberedCheckpoint } from './remembered-checkpoint';
import { readStreamInput } from './stream-input';
import { untilDecided, writeRow } from './write-row';

const SHARDS_AT_A_TIME = 16;

export interface RepairShard {
  readonly shardId: string;
  readonly parentShardIds: readonly string[];
  /** State of its workflow as Temporal names it (`RUNNING`, `COMPLETED` …), or `NONE`. */
  readonly workflow: string;
  /** Where its row stands; left out where it is missing. */
  readonly row?: Position;
  /** True if the table knows the shard. */
  readonly isKnown: boolean;
  /** The row that will be written, as the workflow remembers it. */
  readonly rebuilt?: BackupCheckpoint;
  /** Where it begins without a row. */
  readonly start: Position;
  readonly startingHashKey?: string;
  readonly endingHashKey?: string;
}

export interface RepairPlan {
  readonly stream: StreamIncarnation;
  /** State of the stream workflow, or `NONE`. */
  readonly streamWorkflow: string;
  /** `rebuild`: the stream workflow remembers it. `lost`: nobody does; `start` makes a new one. */
  readonly registration: 'present' | 'rebuild' | 'lost';
  readonly registrationToWrite?: Registration;
  readonly shards: readonly RepairShard[];
}

export interface RepairResult {
  readonly rows: number;
  /** Rows that came back by themselves meanwhile. */
  readonly foundRows: number;
  readonly knownShards: number;
  readonly registration: boolean;
}

type RepairServices = Pick<ConsumerServices, 'kinesis' | 'store' | 'letters' | 'history'>;

/** What is missing in the table and who still knows it. Nothing is written. */
export async function planRepair(
  client: Client,
  services: RepairServices,
  stream: StreamIncarnation,
): Promise<RepairPlan> {
  const { kinesis, store } = services;
  const [input, registered, listed, known] = await Promise.all([
    readStreamInput(client, stream),
    store.findRegistration(stream),
    kinesis.listShards(stream),
    store.listKnownShards(stream),
  ]);
  const start = startOfUnknown(registered, known.length > 0, input.registration);
  const candidates = unite(known, listed, start);
  const rows = await store.readMany(candidates.map(({ shardId }) => ({ ...stream, shardId })));
  const knownIds = new Set(known.map(({ shardId }) => shardId));
  const shards = await mapConcurrently([...candidates.entries()], SHARDS_AT_A_TIME, ([index, shard]) =>
    examine({ ...services, client, stream }, shard, { row: rows[index], isKnown: knownIds.has(shard.shardId) }),
  );
  const rebuilt = input.registration && { ...input.registration, initialShardsRecorded: true };
  return {
    stream,
    streamWorkflow: input.state,
    registration: registered ? 'present' : rebuilt ? 'rebuild' : 'lost',
    ...(registered || !rebuilt ? {} : { registrationToWrite: rebuilt }),
    shards,
  };
}

/** A shard that the table has forgotten began with the consumer, or descends from one that did. The earlier start loses nothing. */
function startOfUnknown(
  registered: Registration | undefined,
  hasKnown: boolean,
  remembered: StreamRegistration | undefined,
): Position {
  if (registered && !registered.initialShardsRecorded) return registered.start;
  if (registered || hasKnown) return TRIM_HORIZON;
  return remembered?.start ?? TRIM_HORIZON;
}

function unite(known: readonly KnownShard[], listed: readonly Shard[], start: Position): KnownShard[] {
  const ids = new Set(known.map(({ shardId }) => shardId));
  const added = listed.filter(({ shardId }) => !ids.has(shardId));
  return [
    ...known,
    ...added.map((shard) => {
      const { shardId, startingHashKey, endingHashKey } = shard;
      return { shardId, parentShardIds: parentsOf(shard), start, startingHashKey, endingHashKey };
    }),
  ];
}

interface World extends RepairServices {
  readonly client: Client;
  readonly stream: StreamIncarnation;
}

async function examine(
  { client, stream, letters, history }: World,
  shard: KnownShard,
  { row, isKnown }: { readonly row?: CheckpointRow; readonly isKnown: boolean },
): Promise<RepairShard> {
  const identity = { ...stream, shardId: shard.shardId };
  const workflow = (await readPendingActivity(client, shardWorkflowId(identity)))?.workflowState ?? 'NONE';
  const found = { ...shard, workflow, isKnown };
  if (row !== undefined) return { ...found, row: row.position };
  const rebuilt = workflow === 'NONE' ? undefined : await rememberedCheckpoint(client, history, identity, workflow);
  if (rebuilt === undefined) return found;
  // The letters themselves are the truth; a row that does not count them has slices never look at them.
  const parkedKeys = (await parkedKeysOf(letters, identity)).size;
  return { ...found, rebuilt: { ...rebuilt, parkedKeys } };
}

/** Writes what is missing, and nothing over what is there: a running workflow may have written it meanwhile. */
export async function applyRepair(
  { store }: Pick<ConsumerServices, 'store'>,
  { stream, shards, registrationToWrite }: RepairPlan,
): Promise<RepairResult> {
  const missing = shards.filter(({ rebuilt }) => rebuilt !== undefined);
  const written = await mapConcurrently(missing, SHARDS_AT_A_TIME, async ({ shardId, parentShardIds, rebuilt }) => {
    if (rebuilt === undefined) return false;
    return writeRow(store, { shard: { ...stream, shardId }, parentShardIds, checkpoint: rebuilt, writer: 'repair' });
  });
  const unknown = shards.filter(({ isKnown }) => !isKnown);
  const toRecord = unknown.map(({ shardId, parentShardIds, start, startingHashKey, endingHashKey }) => {
    return { shardId, parentShardIds, start, startingHashKey, endingHashKey };
  });
  await untilDecided(() => store.recordShards(stream, toRecord));
  // Last: only now are all shards recorded, as it says.
  if (registrationToWrite) await untilDecided(() => store.register(stream, registrationToWrite));
  const rows = written.filter(Boolean).length;
  return {
    rows,
    foundRows: written.length - rows,
    knownShards: unknown.length,
    registration: registrationToWrite !== undefined,
  };
}
