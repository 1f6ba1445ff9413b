import type { ConsumerServices } from '../aws/consumer-services';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import type { StreamIncarnation } from '../core/names';
import { compareSequenceNumbers } from '../core/positions';
import { estimateBetween } from '../core/replay-estimate';
import type { ReplaySpan } from '../core/replay-pace';
import {
  ARRIVAL_SLACK_MS,
  isOfOneShard,
  problemOfRange,
  type ReplayEnd,
  type ReplayRange,
  type ReplayStart,
} from '../core/replay-range';
import { parentsFirst, type Shard } from '../core/shard-graph';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { StreamDescription } from '../kinesis/kinesis-port';
import { incarnationOf } from './dead-letter-table';
import { firstRecordAt, type FirstRecord } from './move-preview';

export interface ReplayQuery {
  /**
   * With which record to begin: the oldest one, the first one that arrived at or after a time, or a named one (`FROM`), which is of one
   * shard.
   */
  readonly from: ReplayStart;
  /** With which record to end, included: the last one that had arrived by a time, or a named one (`AFTER`). Default: now. */
  readonly to?: ReplayEnd;
  /** Only this shard, without its children. Needed for a sequence number. Default: all shards, open and closed. */
  readonly shardId?: string;
}

/** What a replay would read, as far as can be told before. Times are epoch milliseconds. */
export interface ReplayPreview {
  readonly stream: StreamIncarnation;
  /** As it is fixed now. */
  readonly range: ReplayRange;
  /** The times between which its records lie, as far as retention has them. */
  readonly span: ReplaySpan;
  readonly shardId?: string;
  /** Parents before children. */
  readonly shards: readonly { readonly shardId: string; readonly isClosed: boolean }[];
  /** About so many records, by the history of the consumer's checkpoints; unknown where that does not reach. */
  readonly records?: number;
  /** What of the range is not there. */
  readonly missing?: string;
}

type Described = StreamDescription & StreamIncarnation;

const AT_A_TIME = 8;
/** The history of more shards is not read for an estimate. */
const MAX_ESTIMATED = 100;
/** Entries of the history that an estimate looks at: at most, of a busy shard, about 14 hours. */
const LOOK_BACK = 5_000;

/**
 * Asks Kinesis what is there. Nothing is changed.
 * @throws `INVALID_OPTION` for a range that makes no sense, `RANGE_EXPIRED` if nothing is left of it, `SHARD_NOT_FOUND` …
 */
export async function previewReplay(
  consumer: ConsumerDefinition,
  services: ConsumerServices,
  query: ReplayQuery,
): Promise<ReplayPreview> {
  const { kinesis } = services;
  const stream = await incarnationOf(consumer, services);
  const described = { ...(await kinesis.describeStream(stream)), ...stream };
  const { shardId } = query;
  const asked = checkedRange(query, described.serviceNowMs);
  const listed = parentsFirst(await kinesis.listShards(stream));
  const shards = listed.filter((shard) => shardId === undefined || shard.shardId === shardId);
  if (shards.length === 0)
    throw new TidemarkError('SHARD_NOT_FOUND', `Stream ${stream.streamName} has no shard ${shardId}`);
  const found = await lookInto(kinesis, described, asked, shardId);
  const records = await estimate(services, stream, shards, found.span);
  return {
    stream,
    ...found,
    shards: shards.map(({ shardId: id, isClosed }) => ({ shardId: id, isClosed })),
    ...(shardId === undefined ? {} : { shardId }),
    ...(records === undefined ? {} : { records }),
  };
}

function checkedRange({ from, to, shardId }: ReplayQuery, nowMs: number): ReplayRange {
  // The clock of the service is told in whole seconds.
  const range = { from, to: to ?? { at: 'AT_TIMESTAMP' as const, timestampMs: nowMs + ARRIVAL_SLACK_MS } };
  const problem = problemOfRange(range, nowMs);
  if (problem !== undefined) throw new TidemarkError('INVALID_OPTION', problem);
  if (isOfOneShard(range) && shardId === undefined)
    throw new TidemarkError('INVALID_OPTION', 'A sequence number is of one shard', { hint: 'Name the shard.' });
  return range;
}

interface Found {
  readonly range: ReplayRange;
  readonly span: ReplaySpan;
  readonly missing?: string;
}

/** @throws `RANGE_EXPIRED` if nothing of the range is there, `INVALID_OPTION` for a sequence number of another shard */
async function lookInto(
  kinesis: ConsumerServices['kinesis'],
  described: Described,
  { from, to }: ReplayRange,
  shardId = '',
): Promise<Found> {
  const { serviceNowMs, retentionMs, createdAtMs } = described;
  const retainedMs = serviceNowMs - retentionMs;
  const oldestMs = Math.max(retainedMs, createdAtMs);
  const isCut = createdAtMs < retainedMs;
  const named = (sequenceNumber: string): Promise<FirstRecord | undefined> =>
    recordAt(kinesis, described, shardId, sequenceNumber);
  const last = to.at === 'AFTER' ? await named(to.sequenceNumber) : undefined;
  const toMs = to.at === 'AFTER' ? (last?.arrivalMs ?? serviceNowMs) : to.timestampMs;
  if (isCut && toMs < retainedMs) throw nothingLeft(oldestMs);
  if (from.at !== 'FROM') {
    const fromMs = from.at === 'AT_TIMESTAMP' ? Math.max(from.timestampMs, oldestMs) : oldestMs;
    const isMissing = isCut && from.at === 'AT_TIMESTAMP' && from.timestampMs < retainedMs;
    const missing = isMissing ? { missing: `retention keeps records since ${isoOf(oldestMs)} only` } : {};
    return { range: { from, to }, span: { fromMs, toMs }, ...missing };
  }
  const first = await named(from.sequenceNumber);
  if (first === undefined) throw nothingLeft(oldestMs);
  const range = { from: { at: 'FROM' as const, sequenceNumber: first.sequenceNumber }, to };
  if (problemOfRange(range, serviceNowMs) !== undefined) throw nothingLeft(oldestMs);
  const isThere = compareSequenceNumbers(first.sequenceNumber, from.sequenceNumber) === 0;
  const missing = `record ${from.sequenceNumber} is not there: retention may have taken it; the next one follows`;
  return { range, span: { fromMs: first.arrivalMs, toMs }, ...(isThere ? {} : { missing }) };
}

async function recordAt(
  kinesis: ConsumerServices['kinesis'],
  described: Described,
  shardId: string,
  sequenceNumber: string,
): Promise<FirstRecord | undefined> {
  const found = await firstRecordAt(kinesis, described, { shardId, position: { at: 'FROM', sequenceNumber } });
  if (found !== 'nowhere') return found;
  throw new TidemarkError('INVALID_OPTION', `${sequenceNumber} is not a sequence number of ${shardId}`);
}

function nothingLeft(oldestMs: number): TidemarkError {
  const hint = `The oldest record that retention may still have is of ${isoOf(oldestMs)}.`;
  return new TidemarkError('RANGE_EXPIRED', 'Nothing of the range is left', { hint });
}

async function estimate(
  { history }: ConsumerServices,
  stream: StreamIncarnation,
  shards: readonly Shard[],
  span: ReplaySpan,
): Promise<number | undefined> {
  if (shards.length > MAX_ESTIMATED) return undefined;
  try {
    const counts = await mapConcurrently(shards, AT_A_TIME, async ({ shardId }) =>
      estimateBetween(await history.list({ ...stream, shardId }, { limit: LOOK_BACK }), span),
    );
    return counts.reduce<number | undefined>((sum, count) => {
      return sum === undefined || count === undefined ? undefined : sum + count;
    }, 0);
  } catch {
    // A consumer that has never run has no table.
    return undefined;
  }
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
