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
  services: Pick<ConsumerServices, 'kinesis' | 'history'>,
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
  range: ReplayRange,
  shardId = '',
): Promise<Found> {
  const { from, to } = range;
  const { oldestMs, cutMs } = retentionOf(described);
  const named = (sequenceNumber: string): Promise<FirstRecord | undefined> =>
    recordAt(kinesis, described, shardId, sequenceNumber);
  const last = to.at === 'AFTER' ? await named(to.sequenceNumber) : undefined;
  const toMs = to.at === 'AFTER' ? (last?.arrivalMs ?? described.serviceNowMs) : to.timestampMs;
  if (toMs < cutMs) throw nothingLeft(oldestMs);
  const first = from.at === 'FROM' ? await named(from.sequenceNumber) : undefined;
  const found =
    from.at === 'FROM' ? fromRecord(range, from.sequenceNumber, first) : fromTime(range, { oldestMs, cutMs });
  if (found === undefined || problemOfRange(found.range, described.serviceNowMs) !== undefined)
    throw nothingLeft(oldestMs);
  const { fromMs, ...rest } = found;
  return { ...rest, span: { fromMs, toMs } };
}

/** `cutMs`: what arrived before it is gone; nothing is where the stream is younger than retention. */
function retentionOf({ serviceNowMs, retentionMs, createdAtMs }: Described): { oldestMs: number; cutMs: number } {
  const retainedMs = serviceNowMs - retentionMs;
  return createdAtMs < retainedMs
    ? { oldestMs: retainedMs, cutMs: retainedMs }
    : { oldestMs: createdAtMs, cutMs: -Infinity };
}

type Begin = Omit<Found, 'span'> & { readonly fromMs: number };

function fromTime(range: ReplayRange, { oldestMs, cutMs }: { oldestMs: number; cutMs: number }): Begin {
  const { from } = range;
  if (from.at !== 'AT_TIMESTAMP') return { range, fromMs: oldestMs };
  const fromMs = Math.max(from.timestampMs, oldestMs);
  if (from.timestampMs >= cutMs) return { range, fromMs };
  return { range, fromMs, missing: `retention keeps records since ${isoOf(oldestMs)} only` };
}

function fromRecord(range: ReplayRange, asked: string, first: FirstRecord | undefined): Begin | undefined {
  if (first === undefined) return undefined;
  const { sequenceNumber, arrivalMs: fromMs } = first;
  const found = { range: { ...range, from: { at: 'FROM' as const, sequenceNumber } }, fromMs };
  if (compareSequenceNumbers(sequenceNumber, asked) === 0) return found;
  return { ...found, missing: `record ${asked} is not there: retention may have taken it; the next one follows` };
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
  { history }: Pick<ConsumerServices, 'history'>,
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
