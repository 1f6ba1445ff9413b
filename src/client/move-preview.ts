import type { ConsumerServices } from '../aws/consumer-services';
import { refuseDirection, type MoveKind, type MoveNote } from '../core/control';
import { codeOf } from '../core/errors';
import { comparePositions, describePosition, type Position } from '../core/positions';
import { planReadStart } from '../core/read-start';
import type { StreamDescription, StreamHandle } from '../kinesis/kinesis-port';

/** What a move of one shard's checkpoint would do, as far as can be told before. Times are epoch milliseconds. */
export interface MovePreview {
  readonly shardId: string;
  readonly kind: MoveKind;
  readonly from: Position;
  readonly to: Position;
  /** Arrival of the first record that is read after the move; unknown where the shard has none there. */
  readonly nextArrivalMs?: number;
  /** About so many records lie between both positions, judged by the history of the checkpoint. */
  readonly records?: number;
  /** Why the shard would refuse. */
  readonly refusal?: string;
  /** It stands there, or beyond in the ordered direction: a move of all shards leaves it out. */
  readonly isThere?: boolean;
  /** What is to be known before saying yes. */
  readonly warnings: readonly string[];
}

/** Where one shard stands and what is asked of it. */
export interface MoveQuestion {
  readonly shardId: string;
  readonly kind: MoveKind;
  readonly from: Position;
  readonly to: Position;
  readonly lastArrivalMs?: number;
  readonly lastMove?: MoveNote;
}

/** Empty pages that are read in search of a record: Kinesis may return some before the first one. */
const MAX_EMPTY_PAGES = 5;

/** Asks Kinesis what is at the new position. Nothing is changed. */
export async function previewMove(
  { kinesis }: Pick<ConsumerServices, 'kinesis'>,
  stream: StreamHandle & Pick<StreamDescription, 'retentionMs' | 'serviceNowMs'>,
  question: MoveQuestion,
): Promise<MovePreview> {
  const { shardId, kind, from, to, lastArrivalMs, lastMove } = question;
  if (to.at === 'AT_TIMESTAMP' && to.timestampMs > stream.serviceNowMs)
    return { shardId, kind, from, to, refusal: 'That time is still to come', warnings: [] };
  const next = await firstRecordAt(kinesis, stream, { shardId, position: to });
  const arrival = next === undefined || next === 'nowhere' ? {} : { nextArrivalMs: next.arrivalMs };
  const preview = { shardId, kind, from, to, ...arrival };
  const standing = { position: from, lastArrivalMs, ...(lastMove ? { lastMove } : {}) };
  const refusal = refuseDirection({ kind, to, arrivalMs: arrival.nextArrivalMs }, standing);
  // A sequence number of another shard may look as if it were on the way.
  if (next === 'nowhere' && (refusal === undefined || to.at === 'FROM' || to.at === 'AFTER'))
    return { ...preview, refusal: `${describePosition(to)} is not a position of this shard`, warnings: [] };
  if (refusal) return { ...preview, refusal: refusal.message, isThere: true, warnings: [] };
  return { ...preview, warnings: warningsOf(to, next === 'nowhere' ? undefined : next, stream) };
}

export interface FirstRecord {
  readonly sequenceNumber: string;
  readonly arrivalMs: number;
}

export async function firstRecordAt(
  kinesis: ConsumerServices['kinesis'],
  stream: StreamHandle & Pick<StreamDescription, 'retentionMs' | 'serviceNowMs'>,
  { shardId, position }: { readonly shardId: string; readonly position: Position },
): Promise<FirstRecord | 'nowhere' | undefined> {
  const { iterator: start } = planReadStart({ position, nowMs: stream.serviceNowMs, retentionMs: stream.retentionMs });
  let iterator: string | undefined;
  try {
    iterator = await kinesis.getShardIterator(stream, shardId, start);
  } catch (error) {
    if (codeOf(error) === 'INVALID_SEQUENCE_NUMBER') return 'nowhere';
    throw error;
  }
  for (let pages = 0; pages < MAX_EMPTY_PAGES && iterator !== undefined; pages += 1) {
    const page = await kinesis.getRecords(stream, iterator, 1);
    const [first] = page.records;
    if (first) return { sequenceNumber: first.sequenceNumber, arrivalMs: first.arrivalMs };
    if (page.millisBehindLatest === 0) return undefined;
    iterator = page.nextIterator;
  }
  return undefined;
}

function warningsOf(
  to: Position,
  next: FirstRecord | undefined,
  { serviceNowMs, retentionMs }: Pick<StreamDescription, 'retentionMs' | 'serviceNowMs'>,
): string[] {
  const oldestMs = serviceNowMs - retentionMs;
  if (to.at === 'AT_TIMESTAMP' && to.timestampMs < oldestMs)
    return [`retention keeps records since ${new Date(oldestMs).toISOString()} only`];
  if (to.at !== 'FROM') return [];
  if (next === undefined) return [`record ${to.sequenceNumber} is not there; the shard has nothing after it`];
  const isThere = comparePositions({ at: 'FROM', sequenceNumber: next.sequenceNumber }, to) === 0;
  return isThere ? [] : [`record ${to.sequenceNumber} is not there: retention may have taken it; the next one follows`];
}
