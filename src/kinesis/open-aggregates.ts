import { compareSequenceNumbers, type Position } from '../core/positions';
import { readAggregate, type UserRecord } from './aggregate-reader';
import type { HashRange } from './hash-range';
import type { RawRecord } from './kinesis-port';
import { noteOpened } from './page-views';

export interface OpeningRules {
  /** Hash keys of the shard. User records of others are left out; all are kept where it is not known. */
  readonly range: HashRange | undefined;
  /** Where reading began, as long as that may be in the midst of an aggregate: what is committed of it is passed over. */
  readonly start?: Position;
  /** Told of user records of other shards: of which aggregate, how many. */
  readonly onLeftOut: (sequenceNumber: string, count: number) => void;
}

/**
 * Records with the aggregates among them replaced by their user records. Payloads are views of what they came in. A record that is no valid
 * aggregate is left as it is, whatever it begins with.
 */
export function openAggregates(records: readonly RawRecord[], rules: OpeningRules): RawRecord[] {
  const opened: RawRecord[] = [];
  for (const record of records) {
    const users = readAggregate(record.data);
    if (users !== undefined) {
      const before = opened.length;
      openOne(record, users, { rules, opened });
      noteOpened(record, opened.slice(before));
    }
    // KCL, whose position this may be, writes `.0` for a record that is no aggregate.
    else if (firstOpen(record, rules) !== 1) opened.push(record);
  }
  return opened;
}

function openOne(
  record: RawRecord,
  users: readonly UserRecord[],
  { rules, opened }: { readonly rules: OpeningRules; readonly opened: RawRecord[] },
): void {
  const { sequenceNumber, arrivalMs } = record;
  const { range } = rules;
  const before = opened.length;
  let leftOut = 0;
  const first = firstOpen(record, rules);
  for (let subSequenceNumber = first; subSequenceNumber < users.length; subSequenceNumber += 1) {
    const user = users[subSequenceNumber];
    if (user === undefined) continue;
    const { partitionKey, explicitHashKey, data } = user;
    if (range !== undefined && !range.holds(user)) leftOut += 1;
    else if (explicitHashKey === undefined)
      opened.push({ sequenceNumber, subSequenceNumber, partitionKey, data, arrivalMs, hasMore: true });
    else
      opened.push({ sequenceNumber, subSequenceNumber, partitionKey, explicitHashKey, data, arrivalMs, hasMore: true });
  }
  if (leftOut > 0) rules.onLeftOut(sequenceNumber, leftOut);
  const last = opened.length > before ? opened.pop() : undefined;
  if (last !== undefined) opened.push({ ...last, hasMore: false });
}

/** Index of the first user record that is not committed yet. */
function firstOpen(record: RawRecord, { start }: OpeningRules): number {
  if (start?.at !== 'AFTER' || start.subSequenceNumber === undefined) return 0;
  return compareSequenceNumbers(record.sequenceNumber, start.sequenceNumber) === 0 ? start.subSequenceNumber + 1 : 0;
}
