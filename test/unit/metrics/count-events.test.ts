import { subscriptionChannel } from '../../../src/activities/diagnostics';
import { countEvents } from '../../../src/metrics/count-events';
import { Instruments } from '../../../src/metrics/instruments';
import { aggregateOf } from '../../support/kpl/messages';
import { SHARD, SliceScene } from '../activities/support/slice-scene';
import { NotedMeter } from './support/noted-meter';

const CONSUMERS = [{ consumer: 'delays', streamName: 'flights' }];

let scene: SliceScene;
let noted: NotedMeter;
let end: () => void;

afterEach(async () => {
  end();
  await scene.close();
});

async function open(options: Parameters<typeof SliceScene.open>[0] = {}, shardLabel = true, shards = 1): Promise<void> {
  scene = await SliceScene.open(options, { at: 'TRIM_HORIZON' }, shards);
  noted = new NotedMeter();
  end = countEvents(new Instruments(noted.meter), CONSUMERS, { shardLabel });
}

it('records that are read, handled, filtered and committed are counted, with their shard', async () => {
  await open();
  scene.filter = (record) => record.text() !== 'bb';
  scene.put('a', 'bb', 'ccc');
  await scene.run();
  const place = '{consumer=delays,stream=flights,shard=shardId-000000000000}';
  expect(Object.fromEntries(noted.counters)).toEqual({
    [`tidemark_claims_total${place.replace('}', ',kind=created}')}`]: 1,
    [`tidemark_records_read_total${place}`]: 3,
    [`tidemark_records_handled_total${place}`]: 3,
    [`tidemark_bytes_handled_total${place}`]: 6,
    [`tidemark_records_committed_total${place}`]: 3,
    [`tidemark_bytes_committed_total${place}`]: 6,
    [`tidemark_batches_committed_total${place}`]: 1,
    [`tidemark_records_filtered_total${place}`]: 1,
  });
  const handler = noted.histograms.get(
    'tidemark_handler_duration_seconds{consumer=delays,stream=flights,outcome=handled}',
  );
  expect(handler).toHaveLength(1);
  expect(handler?.[0]).toBeLessThan(10);
  expect(noted.histograms.get('tidemark_commit_duration_seconds{consumer=delays,stream=flights}')).toHaveLength(1);
});

it('user records that are left out of aggregates are counted, and are no step of the failure policy', async () => {
  await open({}, true, 2);
  // Kinesis would put it into the other shard.
  scene.server.put('flights', 'key', aggregateOf([{ key: 'b', data: 'b' }]), { shardId: SHARD });
  scene.server.split('flights', SHARD);
  await scene.run();
  expect(noted.count('tidemark_records_left_out_total')).toBe(1);
  expect(noted.count('tidemark_failure_steps_total')).toBe(0);
});

it('a batch that fails, and a record that is given up, are steps, failures and a dead letter', async () => {
  await open({ onFailure: { maxAttempts: 2 } });
  scene.handler = () => {
    throw new Error('no');
  };
  scene.put('a');
  await scene.fail(scene.begin());
  await scene.run();
  expect(noted.count('tidemark_slice_failures_total', 'code=HANDLER_FAILED')).toBe(1);
  expect(noted.count('tidemark_failure_steps_total', 'step=retry')).toBe(1);
  expect(noted.count('tidemark_failure_steps_total', 'step=deadLettered')).toBe(1);
  expect(noted.count('tidemark_dead_letters_total', 'code=HANDLER_FAILED')).toBe(1);
  expect(noted.count('tidemark_records_handled_total')).toBe(0);
  expect(
    noted.histograms.get('tidemark_handler_duration_seconds{consumer=delays,stream=flights,outcome=failed}')?.length,
  ).toBe(2);
});

it('throttled calls and expired iterators of the shard are counted', async () => {
  await open({}, false);
  const fault = (error: string): void =>
    void scene.server.faults.add({ operation: 'GetRecords', times: 1, action: { error } });
  fault('ExpiredIteratorException');
  fault('ProvisionedThroughputExceededException');
  scene.put('a');
  await scene.run();
  const labels = '{consumer=delays,stream=flights}';
  expect(noted.counters.get(`tidemark_throttles_total${labels}`)).toBe(1);
  expect(noted.counters.get(`tidemark_iterators_expired_total${labels}`)).toBe(1);
  expect(noted.count('tidemark_kinesis_failures_total', 'code=THROUGHPUT_EXCEEDED')).toBe(1);
});

it('steps of enhanced fan-out are counted', async () => {
  await open();
  subscriptionChannel.publish({ shard: scene.shard, step: 'subscribed' });
  subscriptionChannel.publish({ shard: scene.shard, step: 'taken' });
  subscriptionChannel.publish({ shard: scene.shard, step: 'taken' });
  expect(noted.count('tidemark_subscriptions_total', 'step=subscribed')).toBe(1);
  expect(noted.count('tidemark_subscriptions_total', 'step=taken')).toBe(2);
});

it('a checkpoint that another execution has moved fences this one', async () => {
  await open();
  scene.put('a');
  scene.handler = async () => {
    scene.handler = () => undefined;
    await scene.run({ runId: 'run-2' });
  };
  const slice = scene.begin();
  expect((await slice.done).end).toBe('fenced');
  expect(noted.count('tidemark_fenced_total')).toBe(1);
  expect(noted.count('tidemark_records_refused_total')).toBe(1);
  expect(noted.count('tidemark_claims_total', 'kind=taken_over')).toBe(1);
});

describe('drift between the workflow and the row', () => {
  const drift = (kind: string): number => noted.count('tidemark_mirror_drift_total', `kind=${kind}`);

  beforeEach(async () => {
    await open();
    scene.put('a');
  });

  it('is none while each slice tells, and for a first claim', async () => {
    await scene.run();
    scene.put('b');
    await scene.run();
    scene.put('c');
    await scene.run({ attempt: 2 });
    expect([drift('ahead'), drift('behind'), drift('missing')]).toEqual([0, 0, 0]);
  });

  it('is a row ahead after a slice that did not live to tell', async () => {
    await scene.run();
    scene.put('b');
    const lost = scene.begin();
    await lost.done;
    scene.put('c');
    const next = scene.attempt({ attempt: 2 });
    await scene.end(next);
    expect([drift('ahead'), drift('behind'), drift('missing')]).toEqual([1, 0, 0]);
  });

  it('is a row behind that was restored', async () => {
    await scene.run();
    scene.store.change(scene.shard, { position: { at: 'TRIM_HORIZON' }, token: 'old' });
    scene.put('b');
    await scene.run({ runId: 'run-2' });
    expect([drift('ahead'), drift('behind'), drift('missing')]).toEqual([0, 1, 0]);
  });

  it('is a row missing that was deleted', async () => {
    await scene.run();
    scene.store.rows.clear();
    scene.put('b');
    await scene.run({ runId: 'run-2' });
    expect([drift('ahead'), drift('behind'), drift('missing')]).toEqual([0, 0, 1]);
  });
});

it('records that were handled before and are not handed over again are suppressed duplicates', async () => {
  await open();
  scene.put('a', 'bad', 'c', 'd');
  scene.handler = ({ records }) => ({
    failures: records.filter((record) => record.text() === 'bad').map((record) => ({ record, reason: 'no' })),
  });
  await scene.fail(scene.begin());
  expect(noted.count('tidemark_duplicates_suppressed_total')).toBe(0);
  scene.handler = () => undefined;
  await scene.run();
  expect(scene.handled.at(-1)).toEqual(['bad']);
  expect(noted.count('tidemark_duplicates_suppressed_total')).toBe(2);
});

it('what another consumer does is not counted', async () => {
  await open();
  end();
  end = countEvents(new Instruments(noted.meter), [{ consumer: 'others', streamName: 'flights' }], {
    shardLabel: true,
  });
  scene.put('a');
  await scene.run();
  expect(noted.counters.size).toBe(0);
});
