import type { FailureStep, StepRange } from './shard-work';

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
      return `record ${step.sequenceNumber} set aside as a dead letter after ${attempts(step.attempts)}: ${step.code}`;
    case 'parked':
      return step.by === 'shard'
        ? `parked at record ${step.sequenceNumber}: ${step.code}`
        : `parked the partition key of record ${step.sequenceNumber}: ${step.code}`;
    case 'skipped':
      return `record ${step.sequenceNumber} skipped by ${because(step)}`;
    case 'unparked':
      return `tried again by ${because(step)}`;
    case 'drained':
      return `a parked partition key is through: ${step.records} records handled in order`;
  }
}

function describeRange({ records, after, through, code }: StepRange): string {
  const which = records === 1 ? `record ${through}` : `${records} records behind ${after} through ${through}`;
  return `${which}, ${code}`;
}

function attempts(count: number): string {
  return count === 1 ? '1 attempt' : `${count} attempts`;
}

function because({ by, reason }: { readonly by: string; readonly reason?: string }): string {
  return reason ? `${by}: ${reason}` : by;
}
