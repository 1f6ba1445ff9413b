import { describeEvent } from '../../../src/core/shard-details';
import { SliceScene } from './support/slice-scene';

let scene: SliceScene;
afterEach(() => scene.close());

async function open(maxBatchRecords: number): Promise<void> {
  scene = await SliceScene.open({ maxBatchRecords, historyIntervalMs: 60_000 });
  scene.handler = ({ records }) => ({
    failures: records.map((record) => ({ record, reason: 'no', retryable: false })),
  });
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

it('the events of one batch are bounded, however many records of it are set aside: the last stands for the rest', async () => {
  await open(2_000);
  scene.put(...numbers(2_000));
  const { events, progress } = await scene.run();
  expect(progress.totals).toMatchObject({ records: 2_000, deadLettered: 2_000 });
  expect(events).toHaveLength(100);
  const [last, before] = [events.at(-1), events.at(-2)];
  const [claim, first] = events;
  expect([claim, first, before]).toMatchObject([
    { kind: 'claimed' },
    { kind: 'deadLettered' },
    { kind: 'deadLettered' },
  ]);
  expect(before).not.toHaveProperty('others');
  // The claim takes one place.
  expect(last).toMatchObject({ sequenceNumber: scene.sequenceNumbers().at(-1), others: 2_000 - 99 });
  expect(last && describeEvent(last)).toContain(
    `record ${scene.sequenceNumbers().at(-1)} and 1901 before it set aside as a dead letter after 1 attempt: RECORD_REJECTED`,
  );
});

it('a slice that has much to tell ends early', async () => {
  await open(50);
  scene.put(...numbers(400));
  const { end, events, batches } = await scene.run();
  expect({ end, events: events.length }).toEqual({ end: 'interval', events: 100 });
  expect(batches).toBe(2);
});
