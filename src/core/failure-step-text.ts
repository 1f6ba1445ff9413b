import type { FailureStreak } from './failure-policy';
import { describePosition } from './positions';
import type { Halt } from './halt';
import type { DataLoss } from './read-start';
import type { FailureStep, ShardEvent, StepRange, StepRecord } from './shard-work';

/** A step of the failure policy as operators read it. */
export function describeStep(step: FailureStep): string {
  switch (step.kind) {
    case 'retry':
      return `attempt ${step.attempt} of ${step.of} in ${(step.delayMs / 1_000).toFixed(1)} s: ${describeRange(step)}`;
    case 'cut':
      return `cut to the first ${step.size} of ${describeRange(step)}`;
    case 'died':
      return `an execution died, ${step.deaths} in a row, on ${describeRange(step)}`;
    case 'deadLettered':
      return `${nameRecord(step)} set aside as a dead letter after ${attempts(step.attempts)}: ${step.code}`;
    case 'parked':
      return step.by === 'shard'
        ? `parked at record ${step.sequenceNumber}: ${step.code}`
        : `parked the partition key of ${nameRecord(step)}: ${step.code}`;
    case 'skipped':
      return `record ${step.sequenceNumber} skipped by ${because(step)}`;
    case 'unparked':
      return `tried again by ${because(step)}`;
    case 'gone':
      return `record ${step.sequenceNumber} was to be skipped, and is no longer in the stream`;
    case 'drained':
      return `a parked partition key is through: ${step.records} records handled in order`;
  }
}

/**
 * Where the search for a failing record stands; undefined if nothing has failed. The limit of attempts is not part of the streak: the last
 * retry among the events tells it.
 */
export function describeStreak(
  { phase, failures, deaths, records, position, through }: FailureStreak,
  events: readonly ShardEvent[] = [],
): string | undefined {
  // Version 0.1.0 counted failures, and knew of no range.
  if (failures === 0 || through === undefined) return undefined;
  const which = nameRange({ records, after: describePosition(position), through });
  const died = deaths === 0 ? '' : `; ${deaths === 1 ? 'an execution has' : `${deaths} executions have`} died on it`;
  if (phase === 'final') return `record ${through} failed for good after ${attempts(failures)}`;
  if (phase === 'cut') return `${records === 1 ? 'trying alone' : 'searching among'} ${which}${died}`;
  const limit = events.findLast((event) => event.kind === 'retry')?.of;
  return `attempt ${failures + 1}${limit === undefined ? '' : ` of ${limit}`} of ${which}${died}`;
}

/** Where and since when a shard waits, and until when. */
export function describeHalt({ sequenceNumber, sinceMs, retryAtMs, loss }: Halt): string {
  if (loss) return `before ${describeLoss(loss)}, since ${new Date(sinceMs).toISOString()}`;
  const until = retryAtMs === undefined ? '' : `, tried again by itself at ${new Date(retryAtMs).toISOString()}`;
  return `at record ${sequenceNumber} since ${new Date(sinceMs).toISOString()}${until}`;
}

/** `records that are lost: retention took what arrived from … to …` */
export function describeLoss({ fromMs, toMs }: Pick<DataLoss, 'fromMs' | 'toMs'>): string {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return `records that may be lost: retention took what arrived from ${from} to ${to}`;
}

function describeRange({ code, ...range }: StepRange): string {
  return `${nameRange(range)}, ${code}`;
}

function nameRange({ records, after, through }: Pick<StepRange, 'records' | 'after' | 'through'>): string {
  return records === 1 ? `record ${through}` : `${records} records behind ${after} through ${through}`;
}

function nameRecord({ sequenceNumber, others = 0 }: StepRecord): string {
  return `record ${sequenceNumber}${others === 0 ? '' : ` and ${others} before it`}`;
}

function attempts(count: number): string {
  return count === 1 ? '1 attempt' : `${count} attempts`;
}

function because({ by, reason }: { readonly by: string; readonly reason?: string }): string {
  return reason ? `${by}: ${reason}` : by;
}
