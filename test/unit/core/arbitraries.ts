import fc from 'fast-check';
import { SHARD_END, TRIM_HORIZON, type Position } from '../../../src/core/positions';

/** Few distinct numbers of unequal length and with leading zeros, so that ties and near ties are common. */
export const sequenceNumbers = fc.oneof(
  fc.tuple(fc.constantFrom('', '0', '00'), fc.nat(120)).map(([zeros, value]) => zeros + String(value)),
  fc.bigInt({ min: 10n ** 55n, max: 10n ** 57n }).map(String),
);

export const positions: fc.Arbitrary<Position> = fc.oneof(
  fc.constantFrom<Position>(TRIM_HORIZON, SHARD_END),
  fc.record({ at: fc.constant('AT_TIMESTAMP' as const), timestampMs: fc.nat(5) }),
  fc.record({ at: fc.constantFrom('FROM' as const, 'AFTER' as const), sequenceNumber: sequenceNumbers }),
  fc.record({ at: fc.constant('AFTER' as const), sequenceNumber: sequenceNumbers, subSequenceNumber: fc.nat(12) }),
);
