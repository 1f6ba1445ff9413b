/** A worker process of the proofs with many records: runs consumers from files and writes down what becomes of their checkpoints. */
import { subscribe } from 'node:diagnostics_channel';
import type { ClaimedMessage, CommittedMessage, FencedMessage } from '../../../src/activities/diagnostics';
import type { Writer } from '../../../src/core/checkpoint';
import { createWorker, type ConsumerDefinition } from '../../../src';
import { placeOf, type LineContent } from './lines';
import { threadLines, workerOrder } from './worker-order';

async function main(): Promise<void> {
  watchCheckpoints();
  const modules = await Promise.all(workerOrder().files.map((file) => import(file) as Promise<ConsumerModule>));
  const worker = await createWorker(modules.map(definitionOf));
  threadLines().write({ kind: 'ready' });
  process.stdout.write('ready\n');
  await worker.run();
}

interface ConsumerModule {
  readonly default: ConsumerDefinition | { readonly default: ConsumerDefinition };
}

/** The import of a CommonJS module has its exports below `default`. */
function definitionOf({ default: exported }: ConsumerModule): ConsumerDefinition {
  return 'default' in exported ? exported.default : exported;
}

function watchCheckpoints(): void {
  const on = <Message>(name: string, toLine: (message: Message) => LineContent): void => {
    subscribe(`tidemark:${name}`, (message) => threadLines().write(toLine(message as Message)));
  };
  on<ClaimedMessage>('claimed', ({ shard: { shardId: shard }, writer, checkpoint: { fence = 0 }, sentAtNs }) => {
    return { kind: 'claimed', shard, slice: sliceName(writer), fence, sent: toUs(sentAtNs) };
  });
  on<CommittedMessage>('committed', ({ shard: { shardId: shard }, writer, from, checkpoint, records, sentAtNs }) => {
    const { position, fence = 0 } = checkpoint;
    const write = { slice: sliceName(writer), fence, sent: toUs(sentAtNs) };
    return { kind: 'committed', shard, ...write, from: placeOf(from), to: placeOf(position), records };
  });
  on<FencedMessage>('fenced', ({ shard: { shardId: shard }, writer }) => {
    return { kind: 'fenced', shard, slice: sliceName(writer) };
  });
}

function toUs(ns: bigint): number {
  return Number(ns / 1_000n);
}

function sliceName({ runId, activityId, attempt }: Pick<Writer, 'runId' | 'activityId' | 'attempt'>): string {
  return `${runId}/${activityId}/${attempt}`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
