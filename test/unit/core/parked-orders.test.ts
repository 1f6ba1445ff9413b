import { refuseOrder, type ParkedState } from '../../../src/core/parked-orders';
import type { RecordHalt } from '../../../src/core/halt';
import type { ParkedOrder, ParkedRequest } from '../../../src/core/shard-work';

const halt: RecordHalt = { how: 'park', sequenceNumber: '17', sinceMs: 1 };
const order: ParkedOrder = { kind: 'retry', by: 'ann', atMs: 1 };
const busy: ParkedState = { halt: undefined, order: undefined, parkedKeys: 0, isPaused: false, isEnding: false };
const parked: ParkedState = { ...busy, halt };
const loss = { fromMs: 1, toMs: 2, cause: 'retention' } as const;
const lost: ParkedState = { ...busy, halt: { how: 'park', loss, sinceMs: 3 } };
const keys: ParkedState = { ...busy, parkedKeys: 2 };
const both: ParkedState = { ...parked, parkedKeys: 2 };
const jane: ParkedRequest = { by: 'jane', reason: 'fixed' };

describe('an order is refused', () => {
  it.each<[string, [ParkedOrder['kind'], unknown, ParkedState], string, string]>([
    ['of nobody', ['retry', undefined, parked], 'INVALID_OPTION', 'who makes it'],
    ['without a name', ['retry', { by: '' }, parked], 'INVALID_OPTION', 'who makes it'],
    ['of a name that is none', ['skip', { by: 7, reason: 'x' }, parked], 'INVALID_OPTION', 'who makes it'],
    ['to skip without a reason', ['skip', { by: 'jane' }, parked], 'INVALID_OPTION', 'say why'],
    ['for an empty key', ['retry', { ...jane, keyDigest: '' }, keys], 'INVALID_OPTION', '`keyDigest`'],
    ['for no record', ['retry', { ...jane, sequenceNumber: '1e3' }, parked], 'INVALID_OPTION', '`sequenceNumber`'],
    ['where nothing is parked', ['retry', jane, busy], 'NOT_PARKED', 'Nothing of this shard is parked'],
    [
      'for a key where none is parked',
      ['retry', { ...jane, keyDigest: 'k' }, parked],
      'NOT_PARKED',
      'No partition key',
    ],
    ['to skip a key without its name', ['skip', jane, keys], 'NOT_PARKED', 'name the one that is meant'],
    ['for a record where keys are', ['retry', { ...jane, sequenceNumber: '17' }, keys], 'NOT_PARKED', 'not parked'],
    ['for another record', ['skip', { ...jane, sequenceNumber: '16' }, parked], 'NOT_PARKED', 'at record 17 now'],
    ['while another one is pending', ['retry', jane, { ...keys, order }], 'NOT_PARKED', '(retry, by ann)'],
    ['while the shard is being stopped', ['retry', jane, { ...parked, isEnding: true }], 'NOT_PARKED', 'stopped'],
    ['once the shard has failed', ['retry', jane, { ...both, halt: { ...halt, how: 'stop' } }], 'NOT_PARKED', 'failed'],
    ['to accept what is no loss', ['skip', { ...jane, acceptLoss: true }, parked], 'NOT_PARKED', 'because of lost'],
    ['to accept it by a retry', ['retry', { ...jane, acceptLoss: true }, lost], 'INVALID_OPTION', '`acceptLoss`'],
    ['to accept it by another word', ['skip', { ...jane, acceptLoss: 'yes' }, lost], 'INVALID_OPTION', '`acceptLoss`'],
    ['to skip a record where records are lost', ['skip', jane, lost], 'NOT_PARKED', 'accept the loss'],
    ['for a record where records are lost', ['retry', { ...jane, sequenceNumber: '17' }, lost], 'NOT_PARKED', 'accept'],
    ['for a key where records are lost', ['retry', { ...jane, keyDigest: 'k' }, lost], 'NOT_PARKED', 'accept the loss'],
  ])('%s', (_, [kind, request, state], code, message) => {
    expect(refuseOrder(kind, request as ParkedRequest, state)).toEqual({
      code,
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('an order is accepted', () => {
  it.each<[string, ParkedOrder['kind'], ParkedRequest, ParkedState]>([
    ['to retry a shard', 'retry', { by: 'jane' }, parked],
    ['to retry whatever is parked', 'retry', jane, keys],
    ['to retry a key', 'retry', { ...jane, keyDigest: 'k' }, both],
    ['to skip a record', 'skip', jane, both],
    ['to skip this very record, however it is padded', 'skip', { ...jane, sequenceNumber: '0017' }, parked],
    ['to accept a loss', 'skip', { ...jane, acceptLoss: true }, lost],
    ['to look at a loss again', 'retry', jane, lost],
    ['to skip a record of a key', 'skip', { ...jane, keyDigest: 'k' }, keys],
  ])('%s', (_, kind, request, state) => expect(refuseOrder(kind, request, state)).toBeUndefined());
});
