import type { InvariantId } from '../../../dev/prove/oracle-report';
import type { SimRecord, SimSlice } from './simulated-world';

export const isFresh = (record: SimRecord): boolean => record.isAcknowledged && record.handlings === 0;
export const isUp = (slice: SimSlice): boolean => slice.worker.state === 'up';
export const ownsRow = (slice: SimSlice): boolean => slice.token === slice.shard.token;

/** For bugs that take the row away from its owner: everything may follow. */
export const ANYTHING: readonly InvariantId[] = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9'];
