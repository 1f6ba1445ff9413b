/** Which orders about something parked a shard refuses, and why: pure. */
import type { Refusal } from './control';
import { compareRecordNames, isRecordName } from './record-name';
import type { Halt, RecordHalt } from './halt';
import type { ParkedOrder, ParkedRequest } from './shard-work';

type Kind = ParkedOrder['kind'];
type Given = Readonly<Partial<Record<keyof ParkedRequest, unknown>>>;

/** What a shard knows of what is parked. */
export interface ParkedState {
  readonly halt: Halt | undefined;
  /** The order that is being carried out. */
  readonly order: ParkedOrder | undefined;
  /** Number of parked partition keys. */
  readonly parkedKeys: number;
  readonly isPaused: boolean;
  /** A stop was asked for, or its workflow is about to end. */
  readonly isEnding: boolean;
}

/**
 * Undefined for an order that may be accepted. Gets whatever somebody typed. One order is carried out at a time: a later one would take
 * the place of the first, whose asker would believe that his was carried out.
 */
export function refuseOrder(kind: Kind, request: Given | undefined, state: ParkedState): Refusal | undefined {
  return wrongRequest(kind, request ?? {}) ?? busy(state) ?? notParked(kind, request ?? {}, state);
}

function wrongRequest(kind: Kind, { by, reason, keyDigest, sequenceNumber, acceptLoss }: Given): Refusal | undefined {
  if (!isText(by)) return invalid('A request must say who makes it: { by, reason }');
  if (kind === 'skip' && !isText(reason)) return invalid('A skip must say why: { by, reason }');
  if (keyDigest !== undefined && !isText(keyDigest)) return invalid('Expected `keyDigest` to be a text');
  if (sequenceNumber !== undefined && !isRecordName(sequenceNumber))
    return invalid('Expected `sequenceNumber` to be a sequence number: up to 128 digits');
  if (acceptLoss !== undefined && (acceptLoss !== true || kind !== 'skip'))
    return invalid('Expected `acceptLoss` to be true, of a skip');
  return undefined;
}

function busy({ order, halt, isPaused, isEnding }: ParkedState): Refusal | undefined {
  if (halt?.how === 'stop') return refusal(`The shard has failed at record ${halt.sequenceNumber}, and is not parked`);
  if (isPaused) return refusal('The shard is paused: resume it first');
  if (isEnding) return refusal('The shard is being stopped');
  return order && refusal(`An earlier order is being carried out (${order.kind}, by ${order.by}); it comes first`);
}

function notParked(kind: Kind, request: Given, { halt, parkedKeys }: ParkedState): Refusal | undefined {
  const { keyDigest, sequenceNumber, acceptLoss } = request;
  if (halt?.loss) return refuseAtLoss(kind, request);
  if (acceptLoss) return refusal('The shard does not wait because of lost records');
  if (halt === undefined && parkedKeys === 0) return refusal('Nothing of this shard is parked');
  if (keyDigest !== undefined) return parkedKeys > 0 ? undefined : refusal('No partition key of this shard is parked');
  if (halt !== undefined)
    return isAt(halt, sequenceNumber) ? undefined : refusal(`The shard is parked at record ${halt.sequenceNumber} now`);
  if (kind === 'retry' && sequenceNumber === undefined) return undefined;
  return refusal('The shard itself is not parked, only partition keys of it are: name the one that is meant');
}

/** What somebody decides about a record says nothing about a loss. */
function refuseAtLoss(kind: Kind, { sequenceNumber, keyDigest, acceptLoss }: Given): Refusal | undefined {
  const isAboutRecords = sequenceNumber !== undefined || keyDigest !== undefined;
  const isMeant = !isAboutRecords && (kind === 'retry' || acceptLoss === true);
  return isMeant ? undefined : refusal('The shard waits because retention took records: accept the loss');
}

function isAt(halt: RecordHalt, wanted: unknown): boolean {
  return !isRecordName(wanted) || compareRecordNames(halt.sequenceNumber, wanted) === 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function invalid(message: string): Refusal {
  return { code: 'INVALID_OPTION', message };
}

function refusal(message: string): Refusal {
  return { code: 'NOT_PARKED', message };
}
