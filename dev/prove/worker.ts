/** A worker process of proof runs and crash tests: journals what it handles, claims and commits. */
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo } from '@temporalio/activity';
import type { ClaimedMessage, CommittedMessage, FencedMessage } from '../../src/activities/diagnostics';
import type { Writer } from '../../src/core/checkpoint';
import { createWorker, defineConsumer, type Batch, type HandlerContext } from '../../src';
import { openJournal, type Journal } from './journal';
import type { JournalRecord } from './journal-entries';
import { withBug, type WriteEffects } from './planted-bugs';
import { readWorkerConfig, type WorkerConfig } from './worker-config';

/** What producers of proof runs put into a record. */
interface Payload {
  readonly id: string;
  readonly key: string;
  readonly counter: number;
}

async function main(): Promise<void> {
  const config = readWorkerConfig(process.env);
  const journal = await openJournal(config.journal);
  const written = watchCheckpoints(config.worker, journal);
  const writeEffects = withBug(config.handler.bug, (entries) => journal.append(entries));
  const world: HandlerWorld = { config, writeEffects, written };
  const consumer = defineConsumer({
    ...config.consumer,
    handler: (batch, context) => handle(batch, context, world),
  });
  const worker = await createWorker([consumer]);
  process.stdout.write('ready\n');
  await worker.run();
  await journal.close();
}

interface HandlerWorld {
  readonly config: WorkerConfig;
  readonly writeEffects: WriteEffects;
  readonly written: Written;
}

async function handle(
  batch: Batch,
  { attempt }: HandlerContext,
  { config, writeEffects, written }: HandlerWorld,
): Promise<void> {
  // What was committed before this batch is on disk before this batch is handled.
  await written.flushed();
  const { handler } = config;
  await sleep(handler.beforeEffectMs);
  const payloads = batch.records.map((record) => ({ record, payload: record.json<Payload>() }));
  if (payloads.some(({ payload }) => payload.key === handler.failingKey))
    throw new Error(`planted failure, attempt ${attempt}`);
  await writeEffects(
    payloads.map(({ record, payload: { id, key, counter } }) => ({
      kind: 'handled',
      id,
      key,
      counter,
      shardId: batch.shardId,
      sequenceNumber: record.sequenceNumber,
      worker: config.worker,
      slice: currentSlice(),
    })),
  );
  await sleep(handler.afterEffectMs);
}

interface Written {
  flushed(): Promise<void>;
}

function watchCheckpoints(worker: string, journal: Journal): Written {
  let pending: Promise<void> = Promise.resolve();
  const write = (entry: JournalRecord): void => {
    pending = Promise.all([pending, journal.append([entry])]).then(() => undefined);
  };
  const on = <Message>(name: string, toEntry: (message: Message) => JournalRecord): void => {
    subscribe(`tidemark:${name}`, (message) => write(toEntry(message as Message)));
  };
  on<ClaimedMessage>('claimed', ({ shard: { shardId }, writer, checkpoint, previousToken, sentAtNs }) => {
    const { position, generation, token } = checkpoint;
    return {
      kind: 'claimed',
      shardId,
      position,
      generation,
      token,
      previousToken,
      worker,
      slice: sliceName(writer),
      sentMono: String(sentAtNs),
    };
  });
  on<CommittedMessage>('committed', ({ shard: { shardId }, writer, from, checkpoint, previousToken, sentAtNs }) => {
    const { position: to, generation, token } = checkpoint;
    return {
      kind: 'committed',
      shardId,
      from,
      to,
      generation,
      token,
      previousToken,
      worker,
      slice: sliceName(writer),
      sentMono: String(sentAtNs),
    };
  });
  on<FencedMessage>('fenced', ({ shard: { shardId }, writer }) => ({
    kind: 'refused',
    shardId,
    worker,
    slice: sliceName(writer),
  }));
  return { flushed: () => pending };
}

/** The activity execution that calls the handler. */
function currentSlice(): string {
  const { workflowExecution, activityId, attempt } = activityInfo();
  return sliceName({ runId: workflowExecution?.runId ?? '', activityId, attempt });
}

function sliceName({ runId, activityId, attempt }: Pick<Writer, 'runId' | 'activityId' | 'attempt'>): string {
  return `${runId}/${activityId}/${attempt}`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
