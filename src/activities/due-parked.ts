import { checkpointKey } from '../core/names';
import type { ParkedOrder, SliceInput } from '../core/shard-work';
import { partitionKeyDigest } from '../dead-letters/partition-key-digest';
import type { HandlerRunner } from '../handler/handler-runner';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import { Drain } from './drain';
import { ParkedKeys, type ParkedKeysCache } from './parked-keys';

export interface DueParkedWorld extends HoldWorld {
  readonly hold: CheckpointHold;
  readonly runner: HandlerRunner;
  readonly parkedKeys: ParkedKeysCache;
}

/** What a slice does before it reads: what is parked by partition key is tried again where it is due, by time or by an order. */
export class DueParked {
  /** The order names a partition key of which nothing is parked. */
  isOrderMissed = false;

  constructor(
    private readonly world: DueParkedWorld,
    private readonly input: Pick<SliceInput, 'shard' | 'order'>,
  ) {}

  /** What is parked then. */
  async run(): Promise<ParkedKeys | 'left' | 'fenced'> {
    const { hold, runtime, parkedKeys } = this.world;
    if (!hold.progress.parkedKeys) {
      await this.noteMissed();
      return ParkedKeys.none();
    }
    const known = parkedKeys.find(checkpointKey(this.input.shard).pk, hold.checkpoint.token);
    const parked = known ?? (await ParkedKeys.load(runtime.letters, hold.shard));
    const isMeant = this.meant(parked);
    if (parked.all().some(isMeant)) return this.drain(isMeant);
    await this.noteMissed();
    return parked;
  }

  private meant(parked: ParkedKeys): (partitionKey: string) => boolean {
    const { hold, runtime } = this.world;
    const order = orderOf(this.input.order);
    const due = parked.due(runtime.definition.options.onFailure, hold.now);
    if (order === undefined) return (key) => due.includes(key);
    return (key) => order.keyDigest === undefined || order.keyDigest === partitionKeyDigest(key);
  }

  private async drain(isMeant: (partitionKey: string) => boolean): Promise<ParkedKeys | 'left' | 'fenced'> {
    const { hold, ownership } = this.world;
    const order = orderOf(this.input.order) ?? timeIsOver(hold.progress.committedAtMs ?? hold.now);
    const after = await new Drain(this.world, order).run(isMeant);
    ownership.lost.throwIfAborted();
    if (after === 'left') return after;
    const progress = { ...hold.progress, parkedKeys: after.size };
    const outcome = await hold.commit(hold.checkpoint.position, { progress, records: 0 });
    return outcome === 'committed' ? after : 'fenced';
  }

  private async noteMissed(): Promise<void> {
    const { order } = this.input;
    if (order?.keyDigest === undefined) return;
    this.isOrderMissed = !(await new Drain(this.world, order).hasBegun());
  }
}

function timeIsOver(atMs: number): ParkedOrder {
  return { kind: 'retry', by: 'Tidemark', reason: 'its time is over', atMs };
}

/** An order about the shard itself is carried out by what follows: a skip concerns one record, a retry all that is parked. */
function orderOf(order: ParkedOrder | undefined): ParkedOrder | undefined {
  return order?.kind === 'skip' && order.keyDigest === undefined ? undefined : order;
}
