import type { KinesisPort } from '../../../src/kinesis/kinesis-port';
import { PageMemory } from '../../../src/kinesis/page-memory';
import { ShardReader } from '../../../src/kinesis/shard-reader';
import type { StreamWatch } from '../../../src/kinesis/stream-watch';

const SHARD = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1, shardId: 'shard' };
const RECORD = { sequenceNumber: '1', partitionKey: 'key', data: Buffer.from('data'), arrivalMs: 1 };

function readerWith(memory: PageMemory, onAnswer: () => void): ShardReader {
  const kinesis: Pick<KinesisPort, 'getRecords' | 'getShardIterator'> = {
    getShardIterator: async () => 'iterator',
    getRecords: async () => {
      onAnswer();
      return { records: [RECORD], nextIterator: 'next', millisBehindLatest: 0, childShards: [] };
    },
  };
  const environment = {
    kinesis: kinesis as KinesisPort,
    watch: { fresh: async () => undefined } as unknown as StreamWatch,
    memory,
    random: () => 0,
    now: () => 0,
    monotonicMs: () => 0,
    sleep: async () => undefined,
    onTrouble: () => undefined,
  };
  const pace = { limit: 10, pollIntervalMs: 0, idlePollIntervalMs: 0 };
  return new ShardReader(environment, { shard: SHARD, start: { type: 'TRIM_HORIZON' }, pace });
}

it('a read that is given up keeps no room, at whatever moment its page comes', async () => {
  for (let turns = 0; turns < 20; turns += 1) {
    const memory = new PageMemory(1_000_000_000);
    const stop = new AbortController();
    const giveUp = async (): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      stop.abort(new Error('given up'));
    };
    const reader = readerWith(memory, () => void giveUp());
    await reader.read(stop.signal).then(
      (result) => result.memory?.release(),
      () => undefined,
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect([turns, memory.held]).toEqual([turns, 0]);
  }
});
