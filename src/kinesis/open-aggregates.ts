import { compareSequenceNumbers, type Position } from '../core/positions';
import { readAggregate, type UserRecord } from './aggregate-reader';
import type { HashRange } from './hash-range';
import type { RawRecord } from './kinesis-port';

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
  return records.flatMap((record) => {
    const users = readAggregate(record.data);
    if (users !== undefined) return openOne(record, users, rules);
    // KCL, whose position this may be, writes `.0` for a record that is no aggregate.
    return firstOpen(record, rules) === 1 ? [] : [record];
  });
}

function openOne(record: RawRecord, users: readonly UserRecord[], rules: OpeningRules): RawRecord[] {
  const { sequenceNumber, arrivalMs } = record;
  const { range } = rules;
  const first = firstOpen(record, rules);
  const opened: RawRecord[] = [];
  let leftOut = 0;
  for (let subSequenceNumber = first; subSequenceNumber < users.length; subSequenceNumber += 1) {
    const user = users[subSequenceNumber];
    if (user === undefined) continue;
    const { partitionKey, explicitHashKey, data } = user;
    if (range !== undefined && !range.holds(user)) leftOut += 1;
    else
      opened.push({
        sequenceNumber,
        subSequenceNumber,
        partitionKey,
        ...(explicitHashKey === undefined ? {} : { explicitHashKey }),
        data,
        arrivalMs,
        hasMore: true,
      });
  }
  if (leftOut > 0) rules.onLeftOut(sequenceNumber, leftOut);
  const last = opened.pop();
  if (last !== undefined) opened.push({ ...last, hasMore: false });
  return opened;
}

/** Index of the first user record that is not committed yet. */
function firstOpen(record: RawRecord, { start }: OpeningRules): number {
  if (start?.at !== 'AFTER' || start.subSequenceNumber === undefined) return 0;
  return compareSequenceNumbers(record.sequenceNumber, start.sequenceNumber) === 0 ? start.subSequenceNumber + 1 : 0;
}
