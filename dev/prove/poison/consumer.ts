/** The consumer of a poison run: honest with good records, at the mercy of the bad ones. Loaded by worker processes and by their threads. */
import { defineConsumer, type Batch, type HandlerContext } from '../../../src';
import { ordinalOf } from '../common/lines';
import { numberSchema } from '../common/number-schema';
import { RangeBuilder } from '../common/ranges';
import { consumerNamed, threadLines, workerOrder } from '../common/worker-order';
import type { PoisonHandler } from './bugs';
import { misdeeds, type PoisonValue } from './misdeeds';

const { handler } = workerOrder<PoisonHandler>();
const { shards: step, bug, innocent } = handler;

async function handle(
  { records, shardId: shard }: Batch<PoisonValue>,
  { fence, attempt }: HandlerContext,
): Promise<void> {
  const ordinals = records.map(({ sequenceNumber }) => ordinalOf(sequenceNumber));
  const given = new RangeBuilder(step);
  for (const ordinal of ordinals) given.add(ordinal);
  const lines = threadLines();
  lines.write({ kind: 'begin', shard, fence, attempt, records: given.ranges });
  const done = new RangeBuilder(step);
  const noteDone = (): void => lines.write({ kind: 'handled', shard, fence, records: done.ranges });
  for (const [at, record] of records.entries()) {
    const { poison, n } = record.value;
    if (bug === 'skipRecord' && at === records.length - 1) continue;
    if (bug === 'leak' && poison !== undefined) process.stdout.write(`handling ${record.text().slice(0, 200)}\n`);
    if (bug === 'innocent' && n === innocent) throw new Error('planted');
    if (poison !== undefined && bug !== 'swallow') {
      // What comes before it has had its effect, as in most handlers.
      noteDone();
      await misdeeds[poison](record);
    }
    done.add(ordinals[at] ?? 0);
  }
  noteDone();
}

export default defineConsumer({ ...consumerNamed('prove'), schema: numberSchema<PoisonValue>('n'), handler: handle });
