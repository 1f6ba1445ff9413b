import { startFaultProxy, type FaultHandle, type FaultProxy, type JsonObject } from '../../../test/support/fault-proxy';
import type { ConsumerOptions } from '../../../src';
import { canaryOf, holdsCanary } from '../common/canary';
import type { Outcome } from '../common/conduct';
import { LeakyLogs, searchLeaks } from '../common/leak-search';
import { readLetters } from '../common/letters';
import { readLines } from '../common/lines';
import { conductNear, type NearRun, type NearStart } from '../common/near-run';
import { Pacer } from '../common/pacer';
import type { ProofStage } from '../common/proof-command';
import { quickConsumer } from '../common/quick-consumer';
import { Scene } from '../common/scene';
import { addRecord, createSinkTable, readSink, type Amounts } from '../common/sink';
import type { NearWorld } from '../common/world';
import { createRandom, type Random } from '../random';
import type { CountingHandler } from './consumer';
import { judgeLostReplies, type LostReplyEvidence, type LostReplyReport } from './judge';
import { FAILING_KINDS, payloadOf, type FailingKind } from './records';

export interface LostRepliesOptions extends ProofStage {
  readonly records: number;
  readonly shards: number;
  readonly poisons: number;
  readonly workers: number;
  readonly recordsPerSecond: number;
  readonly seed: number;
  readonly bug?: CountingHandler['bug'];
}

/** One reply of so many is dropped. */
const DROPPED_OF = 5;
const WRITES = ['UpdateItem', 'TransactWriteItems', 'PutItem'];
const KEYS_PER_SHARD = 12;
const MAX_PUTS_AT_ONCE = 5_000;
/** Attempts with their back-offs and halvings, each with several writes whose replies get lost. */
const MAX_STANDSTILL_MS = 60_000;

type Gathered = Pick<LostReplyEvidence, 'found' | 'letters' | 'leaks'>;

const NOTHING: Gathered = { found: new Map(), letters: [], leaks: [] };

/** Counters and dead letters while DynamoDB's replies get lost after their requests were executed. */
export function lostRepliesRun(options: LostRepliesOptions): Promise<Outcome<LostReplyReport>> {
  return conductNear(options.signal, (start) => LostRepliesRun.create(options, start));
}

interface LossyWorld extends NearWorld {
  readonly proxy: FaultProxy;
}

class LostRepliesRun implements NearRun<Gathered, LostReplyReport> {
  private readonly expected: Amounts = new Map();
  private readonly poisons = new Set<string>();
  private readonly failing: ReadonlyMap<number, FailingKind>;
  private readonly random: Random;
  private readonly faults: ReadonlyMap<string, FaultHandle>;
  private values = 0;

  private constructor(
    private readonly options: LostRepliesOptions,
    private readonly world: LossyWorld,
    private readonly scene: Scene,
    private readonly logs: LeakyLogs,
  ) {
    const random = createRandom(options.seed);
    this.random = random;
    this.failing = chooseFailing(random, options);
    this.faults = addFaults(random, world.proxy);
  }

  static async create(given: LostRepliesOptions, start: NearStart): Promise<LostRepliesRun> {
    const { world, signal } = start;
    const options = { ...given, signal };
    const { folder, shards, seed, bug } = options;
    const proxy = await startFaultProxy(world.dynamodbEndpoint);
    const handler: CountingHandler = { sink: world.streamName, bug };
    const logs = new LeakyLogs(holdsCanary(canaryOf(seed)));
    const scene = await Scene.open({
      ...start,
      folder,
      shards,
      handler,
      consumers: [consumerOptions(world)],
      files: ['lost-replies/consumer.ts'],
      env: { AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint },
      expectsDeaths: false,
      onGone: ({ name, process }) => logs.search(name, process.logFile),
    });
    await createSinkTable(scene.services.dynamodb);
    return new LostRepliesRun(options, { ...world, proxy }, scene, logs);
  }

  get limitMs(): number {
    const { records, recordsPerSecond, poisons } = this.options;
    return 300_000 + (3_000 * records) / recordsPerSecond + poisons * 20_000;
  }

  async complete(): Promise<void> {
    const { scene } = this;
    const { records, recordsPerSecond, workers, signal, log } = this.options;
    const put = async (count: number): Promise<void> => this.put(count);
    const pacer = new Pacer({ records, recordsPerSecond, maxAtOnce: MAX_PUTS_AT_ONCE, put, signal });
    pacer.allow(records);
    await scene.start(workers);
    await pacer.run();
    log('all records are put');
    await scene.untilCovered();
    await scene.stopConsumers();
  }

  async gather(): Promise<Gathered> {
    const { scene, world, options } = this;
    const shardIds = world.kinesis.shards(world.streamName).map(({ shardId }) => shardId);
    return {
      found: await readSink(scene.services.dynamodb, world.streamName),
      letters: await readLetters(scene, shardIds),
      leaks: await searchLeaks(scene, world.tableName, holdsCanary(canaryOf(options.seed))),
    };
  }

  standing(): Promise<string> {
    return this.scene.standing();
  }

  async close(): Promise<void> {
    await this.scene.close();
    await this.world.proxy.close();
  }

  async judge({ found, letters, leaks }: Gathered = NOTHING): Promise<LostReplyReport> {
    const { expected, poisons, faults } = this;
    const dropped = Object.fromEntries([...faults].map(([operation, { hits }]) => [operation, hits]));
    const lines = await readLines(this.options.folder);
    const all = [...leaks, ...(await this.logs.found())];
    return judgeLostReplies({
      expected,
      found,
      poisons,
      letters,
      leaks: all,
      lines,
      dropped,
      maxStandstillMs: MAX_STANDSTILL_MS,
    });
  }

  private put(count: number): void {
    for (let at = 0; at < count; at += 1) {
      const value = (this.values += 1);
      const partitionKey = `k${this.random.int(1, KEYS_PER_SHARD * this.options.shards)}`;
      const kind = this.failing.get(value);
      const { sequenceNumber } = this.scene.put(partitionKey, payloadOf(value, kind, canaryOf(this.options.seed)));
      if (kind === undefined) addRecord(this.expected, { partitionKey, value });
      else this.poisons.add(sequenceNumber);
    }
  }
}

/**
 * Drops one in five replies to writes. Every other transaction loses its client token on the way, so that it is not DynamoDB's memory of
 * ten minutes that tells a write that was sent again.
 */
function addFaults(random: Random, { faults }: FaultProxy): Map<string, FaultHandle> {
  const handles = new Map<string, FaultHandle>();
  for (const operation of WRITES) {
    const when = (): boolean => random.int(1, DROPPED_OF) === 1;
    handles.set(
      operation,
      faults.add({ operation, when, action: { dropReply: true, rewriteRequest: withoutToken(random) } }),
    );
  }
  faults.add({ operation: 'TransactWriteItems', action: { rewriteRequest: withoutToken(random) } });
  return handles;
}

function withoutToken(random: Random): (body: JsonObject) => JsonObject {
  return (body) => {
    const { ClientRequestToken, ...rest } = body;
    return random.chance(0.5) ? rest : { ...rest, ...(ClientRequestToken === undefined ? {} : { ClientRequestToken }) };
  };
}

/** Values of the records that cannot be handled. */
function chooseFailing(random: Random, { records, poisons }: LostRepliesOptions): Map<number, FailingKind> {
  const failing = new Map<number, FailingKind>();
  while (failing.size < Math.min(poisons, records))
    failing.set(random.int(1, records), FAILING_KINDS[failing.size % FAILING_KINDS.length] as FailingKind);
  return failing;
}

function consumerOptions(world: NearWorld): ConsumerOptions {
  return {
    ...quickConsumer(world),
    maxBatchRecords: 25,
    onFailure: { maxAttempts: 3, minBackoffMs: 100, maxBackoffMs: 1_000 },
  };
}
