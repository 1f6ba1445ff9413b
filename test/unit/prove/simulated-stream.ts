import type { SimShard, World } from './simulated-world';

/** The stream and its producers: one request per key in flight, acknowledged or not, and resharding. */
export class SimulatedStream {
  private readonly shardOfKey = new Map<string, SimShard>();
  private readonly counters = new Map<string, number>();
  private readonly late: (() => void)[] = [];
  private sequence = 4_900_000_000_000_000_000_000n;
  private putCount = 0;

  constructor(private readonly world: World) {
    for (let index = 0; index < world.plan.shards; index++) this.openShard([]);
    for (let index = 0; index < world.plan.keys; index++) {
      this.shardOfKey.set(`key-${index}`, world.random.pick(world.shards));
    }
  }

  get isDone(): boolean {
    return this.putCount >= this.world.plan.records && this.late.length === 0;
  }

  step(): void {
    if (this.late.length > 0 && (this.putCount >= this.world.plan.records || this.world.random.chance(0.1))) {
      return this.late.shift()?.();
    }
    if (this.putCount < this.world.plan.records) this.put();
  }

  /** Splits a shard, or merges two. */
  reshard(): void {
    const { random } = this.world;
    const open = random.shuffle(this.world.shards.filter((shard) => !shard.isClosed));
    const parents = open.slice(0, open.length > 1 && random.chance(0.5) ? 2 : 1);
    for (const parent of parents) parent.isClosed = true;
    const children =
      parents.length === 2 ? [this.openShard(parents)] : [this.openShard(parents), this.openShard(parents)];
    for (const [key, shard] of this.shardOfKey) {
      if (parents.includes(shard)) this.shardOfKey.set(key, random.pick(children));
    }
  }

  private openShard(parents: readonly SimShard[]): SimShard {
    const shardId = `shardId-${String(this.world.shards.length).padStart(12, '0')}`;
    const state = {
      isClosed: false,
      isEnded: false,
      isKnownEnded: false,
      isStuck: false,
      done: 0,
      token: null,
      claimedBy: 0,
      attempts: 0,
    };
    const shard: SimShard = { shardId, parents, records: [], ...state };
    this.world.shards.push(shard);
    this.world.write('runner', { kind: 'shard', shardId, parents: parents.map((parent) => parent.shardId) });
    return shard;
  }

  private put(): void {
    const { random } = this.world;
    this.putCount += 1;
    const key = random.pick([...this.shardOfKey.keys()]);
    const counter = (this.counters.get(key) ?? 0) + 1;
    this.counters.set(key, counter);
    const message = { id: `id-${this.putCount}`, key, counter };
    if (random.chance(0.05)) return this.putUnknown(message);
    this.land(message);
    if (random.chance(0.1)) this.world.write('producer', { kind: 'putUnknown', ...message });
  }

  /** The answer was lost: the record is there, or not, or arrives late, and may be sent again. */
  private putUnknown(message: { id: string; key: string; counter: number }): void {
    const { random } = this.world;
    this.world.write('producer', { kind: 'putUnknown', ...message });
    if (random.chance(0.3)) this.append(message);
    else if (random.chance(0.3)) this.late.push(() => void this.append(message));
    if (random.chance(0.5)) this.land(message);
  }

  private land(message: { id: string; key: string; counter: number }): void {
    const { shardId, sequenceNumber } = this.append(message, true);
    const note = (): void => this.world.write('producer', { kind: 'put', ...message, shardId, sequenceNumber });
    if (this.world.random.chance(0.2)) this.late.push(note);
    else note();
  }

  private append(
    message: { id: string; key: string; counter: number },
    isAcknowledged = false,
  ): { shardId: string; sequenceNumber: string } {
    const shard = this.shardOfKey.get(message.key);
    if (!shard) throw new Error(`no shard for ${message.key}`);
    this.sequence += BigInt(this.world.random.int(1, 1000));
    const record = { ...message, sequenceNumber: this.sequence.toString(), isAcknowledged, handlings: 0 };
    shard.records.push(record);
    return { shardId: shard.shardId, sequenceNumber: record.sequenceNumber };
  }
}
