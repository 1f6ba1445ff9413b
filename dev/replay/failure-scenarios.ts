/** Performances of the failure policy: what becomes of records that cannot be handled. */
import { once } from 'node:events';
import type { BatchHandler, FailureOptions } from '../../src';
import { DeadLettersClient } from '../../src/client/dead-letters-client';
import { orderParked } from '../../src/client/parked-orders';
import type { ShardEvent, ShardStatus } from '../../src/core/shard-work';
import type { StandardSchema } from '../../src/handler/standard-schema';
import { eventually } from '../../test/support/eventually';
import { recordData, recordKey } from './canaries';
import { KILLING_RECORD_VARIABLE } from './lost-worker';
import { historyOf, onStage, spawnWorker, type Performance, type Recorded, type Studio } from './scenarios';
import { FIRST_SHARD, Stage } from './stage';

const SOON: FailureOptions = { maxAttempts: 2, minBackoffMs: 100, maxBackoffMs: 200 };
const PARK: FailureOptions = { ...SOON, then: 'park' };
/** The record of these scenarios that cannot be handled, counted from 1. */
const CULPRIT = 3;
/** More than it takes to find it. */
const MAX_PROCESSES = 12;
const JANE = { by: 'jane', reason: 'the handler is repaired' };

/** Fails with the record's own text, which must not get into the history, until it is repaired. */
function breaking(): { handler: BatchHandler; repair: () => void } {
  let isRepaired = false;
  return {
    repair: () => (isRepaired = true),
    handler: ({ records }) => {
      const culprit = records.find((record) => record.text() === recordData(CULPRIT));
      if (culprit && !isRepaired) throw new Error(`cannot handle ${culprit.text()}`);
    },
  };
}

/** Knows every record but the culprit. */
const knowing: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'recorder',
    validate: (value) =>
      value === recordData(CULPRIT) ? { issues: [{ message: `${recordData(CULPRIT)} is not known` }] } : { value },
  },
};

const open = (name: string, studio: Studio, onFailure: FailureOptions): Promise<Stage> =>
  Stage.open(name, studio, { onFailure });

const records =
  (count: number) =>
  ({ progress }: ShardStatus): boolean =>
    progress.totals.records === count;

const hasEvent =
  (kind: ShardEvent['kind']) =>
  ({ recentEvents }: ShardStatus): boolean =>
    recentEvents?.some((event) => event.kind === kind) ?? false;

const isParked = ({ phase }: ShardStatus): boolean => phase === 'PARKED';

function consumerOf(stage: Stage): { consumer: string; streamName: string } {
  const { name, streamName } = stage.definition().options;
  return { consumer: name, streamName };
}

const playDeadLettered = async (studio: Studio): Promise<Recorded> =>
  onStage(await open('dead-lettered', studio, SOON), async (stage) => {
    const { handler, repair } = breaking();
    await stage.put(8);
    await stage.startWorker(handler);
    const { handle } = await stage.startShard();
    await stage.until(handle, 'the other records', records(8));
    const recorded = await historyOf(stage, handle);
    repair();
    const redrive = await new DeadLettersClient(studio.temporal).redrive(stage.definition(), JANE);
    await redrive.result();
    const { workflowId } = redrive;
    return {
      'dead-lettered': recorded,
      redrive: await historyOf(stage, studio.temporal.workflow.getHandle(workflowId)),
    };
  });

const playRejected = async (studio: Studio): Promise<Recorded> =>
  onStage(await open('rejected', studio, SOON), async (stage) => {
    await stage.put(8, JSON.stringify);
    await stage.startWorker(() => undefined, { schema: knowing });
    const { handle } = await stage.startShard();
    await stage.until(handle, 'all records', records(8));
    return { rejected: await historyOf(stage, handle) };
  });

/** Processes die on a batch one after the other, until the record that kills them is found and set aside. */
const playRecordKillsWorker = async (studio: Studio): Promise<Recorded> =>
  onStage(
    await Stage.open('record-kills-worker', studio, { heartbeatTimeoutMs: 2_000, onFailure: { maxDeaths: 1 } }),
    async (stage) => {
      await stage.put(8);
      const { handle } = await stage.startShard();
      await workUntil(stage, stage.until(handle, 'all records', records(8)));
      return { 'record-kills-worker': await historyOf(stage, handle) };
    },
  );

/** Keeps one worker process running: a new one for each that the record has killed. */
async function workUntil(stage: Stage, done: Promise<void>): Promise<void> {
  const isDone = done.then(() => 'done' as const);
  for (let processes = 0; processes < MAX_PROCESSES; processes += 1) {
    const worker = spawnWorker(stage, { [KILLING_RECORD_VARIABLE]: recordData(CULPRIT) });
    const exit = once(worker, 'exit');
    if ((await Promise.race([exit, isDone])) !== 'done') continue;
    worker.kill('SIGKILL');
    await exit;
    return;
  }
  throw new Error('the record that kills workers was not set aside');
}

const playParkedRetried = async (studio: Studio): Promise<Recorded> =>
  onStage(await open('parked-retried', studio, PARK), async (stage) => {
    const { handler, repair } = breaking();
    await stage.put(8);
    await stage.startWorker(handler);
    const { handle } = await stage.startShard();
    await stage.until(handle, 'being parked', isParked);
    repair();
    await orderParked(studio.temporal, consumerOf(stage), 'retryParked', JANE);
    await stage.until(handle, 'all records', records(8));
    return { 'parked-retried': await historyOf(stage, handle) };
  });

const playParkedSkipped = async (studio: Studio): Promise<Recorded> =>
  onStage(await open('parked-skipped', studio, PARK), async (stage) => {
    await stage.put(8);
    await stage.startWorker(breaking().handler);
    const { handle } = await stage.startShard();
    await stage.until(handle, 'being parked', isParked);
    await orderParked(studio.temporal, consumerOf(stage), 'skipParked', { ...JANE, shardId: FIRST_SHARD });
    await stage.until(handle, 'all records', records(8));
    return { 'parked-skipped': await historyOf(stage, handle) };
  });

const playParkedForATime = async (studio: Studio): Promise<Recorded> =>
  onStage(await open('parked-for-a-time', studio, { ...PARK, parkForMs: 1_000 }), async (stage) => {
    const { handler, repair } = breaking();
    await stage.put(8);
    await stage.startWorker(handler);
    const { handle } = await stage.startShard();
    await stage.until(handle, 'being parked', isParked);
    await stage.until(handle, 'a second try', hasEvent('unparked'));
    repair();
    await stage.until(handle, 'all records', records(8));
    return { 'parked-for-a-time': await historyOf(stage, handle) };
  });

const playParkedByKey = async (studio: Studio): Promise<Recorded> =>
  onStage(await open('parked-by-key', studio, { ...PARK, parkBy: 'partitionKey' }), async (stage) => {
    const { handler, repair } = breaking();
    await stage.put(8);
    await stage.startWorker(handler);
    const { handle } = await stage.startShard();
    await stage.until(handle, 'a parked key', ({ progress }) => progress.parkedKeys === 1);
    repair();
    const partitionKey = recordKey(CULPRIT);
    await orderParked(studio.temporal, consumerOf(stage), 'retryParked', { ...JANE, partitionKey });
    await stage.until(handle, 'no parked key', hasEvent('drained'));
    return { 'parked-by-key': await historyOf(stage, handle) };
  });

const playStoppedByPolicy = async (studio: Studio): Promise<Recorded> =>
  onStage(await open('stopped-by-policy', studio, { ...SOON, then: 'stop' }), async (stage) => {
    await stage.put(8);
    await stage.startWorker(breaking().handler);
    const { handle } = await stage.startStream();
    const shard = await stage.shard();
    await eventually(async () => (await shard.describe().catch(() => undefined))?.status.name === 'FAILED', {
      what: 'the failure of the shard',
      timeoutMs: 60_000,
    });
    await handle.result().catch(() => undefined);
    return {
      'stopped-by-policy': await historyOf(stage, shard),
      'stream-stopped-by-policy': await historyOf(stage, handle),
    };
  });

export const failurePerformances: readonly Performance[] = [
  { scenarios: ['dead-lettered', 'redrive'], play: playDeadLettered },
  { scenarios: ['rejected'], play: playRejected },
  { scenarios: ['record-kills-worker'], play: playRecordKillsWorker },
  { scenarios: ['parked-retried'], play: playParkedRetried },
  { scenarios: ['parked-skipped'], play: playParkedSkipped },
  { scenarios: ['parked-for-a-time'], play: playParkedForATime },
  { scenarios: ['parked-by-key'], play: playParkedByKey },
  { scenarios: ['stopped-by-policy', 'stream-stopped-by-policy'], play: playStoppedByPolicy },
];
