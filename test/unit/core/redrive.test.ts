import fc from 'fast-check';
import type { DeadLetterHead } from '../../../src/core/dead-letter';
import {
  foldRedrive,
  initialRedriveState,
  judgeLetter,
  lettersLeft,
  redriveStatusOf,
  shardsLeft,
  startIn,
  takeBatch,
  type RedriveRequest,
  type RedriveWorkflowInput,
} from '../../../src/core/redrive';
import { describeRedrive, describeRedriveFilter } from '../../../src/core/redrive-details';

const TIMING = { heartbeatTimeoutMs: 10_000, shardSyncIntervalMs: 60_000 };
const stream = { consumer: 'c', streamName: 's', streamArn: 'arn', createdAtMs: 1 };
const request: RedriveRequest = { id: 'mine', stream, filter: {}, by: 'jane', startedAtMs: 1_000 };
const input: RedriveWorkflowInput = { ...request, timing: TIMING, searchAttributes: false };

function letter(change: Partial<DeadLetterHead> = {}): DeadLetterHead {
  const error = { code: 'HANDLER_FAILED', message: '', attempts: 1, atMs: 900, workflowId: 'w', runId: 'r' } as const;
  return {
    shard: { ...stream, shardId: 'shard' },
    sequenceNumber: '7',
    partitionKey: 'key',
    arrivalMs: 0,
    bytes: 1,
    condition: 'RetryAttemptsExhausted',
    status: 'OPEN',
    errors: [error],
    writtenAtMs: 1_000,
    version: 1,
    ...change,
  };
}

describe('what a redrive does with a letter', () => {
  const failedAt = (atMs: number) => [...letter().errors, { ...letter().errors[0]!, code: 'INTERNAL' as const, atMs }];

  it.each([
    ['open', {}, {}, 'try'],
    ['written later', { writtenAtMs: 1_001 }, {}, 'ignore'],
    ['parked', { status: 'PARKED' }, {}, 'ignore'],
    ['discarded, by whomever', { status: 'DISCARDED', redriveId: 'mine' }, {}, 'ignore'],
    ['handled by this redrive', { status: 'REDRIVEN', redriveId: 'mine' }, {}, 'passed'],
    ['handled by another one', { status: 'REDRIVEN', redriveId: 'other' }, {}, 'ignore'],
    ['failed in this redrive', { redriveId: 'mine', decidedAtMs: 5, errors: failedAt(5) }, {}, 'failedBefore'],
    ['failed in another one', { redriveId: 'other', decidedAtMs: 5, errors: failedAt(5) }, {}, 'try'],
    ['in the hands of the handler', { redriveId: 'mine', decidedAtMs: 5 }, {}, 'died'],
    ['of another code', {}, { code: 'INTERNAL' }, 'ignore'],
    [
      'of a code that its failure has changed',
      { redriveId: 'mine', decidedAtMs: 5, errors: failedAt(5) },
      { code: 'HANDLER_FAILED' },
      'failedBefore',
    ],
    ['asked for by a padded number', {}, { sequenceNumber: '0007' }, 'try'],
    ['of another number', {}, { sequenceNumber: '70' }, 'ignore'],
    ['of a user record that is asked for', { subSequenceNumber: 3 }, { sequenceNumber: '7.3' }, 'try'],
    ['of another user record', { subSequenceNumber: 3 }, { sequenceNumber: '7.30' }, 'ignore'],
    ['of a user record of what is asked for', { subSequenceNumber: 3 }, { sequenceNumber: '7' }, 'try'],
    ['asked for by no name at all', {}, { sequenceNumber: 'x' }, 'ignore'],
    ['too early', {}, { fromMs: 1_001 }, 'ignore'],
    ['in time', {}, { fromMs: 1_000, toMs: 1_000 }, 'try'],
    ['too late', {}, { toMs: 999 }, 'ignore'],
  ] as [string, Partial<DeadLetterHead>, RedriveRequest['filter'], string][])(
    'that is %s',
    (_, change, filter, verdict) => {
      expect(judgeLetter(letter(change), { ...request, filter })).toBe(verdict);
    },
  );
});

describe('the way through the shards', () => {
  it('goes on in the shard of the cursor, or behind it if that is done', () => {
    const shards = ['a', 'b', 'c'];
    expect(shardsLeft(shards, undefined)).toEqual(shards);
    expect(shardsLeft(shards, { shardId: 'b', after: { sequenceNumber: '1' } })).toEqual(['b', 'c']);
    expect(shardsLeft(shards, { shardId: 'b' })).toEqual(['c']);
    expect(shardsLeft(shards, { shardId: 'c' })).toEqual([]);
  });

  it('begins right before the letter that is asked for', () => {
    const cursor = { shardId: 'a', after: { sequenceNumber: '5' } };
    expect(startIn('a', cursor, {})).toEqual({ sequenceNumber: '5' });
    expect(startIn('b', cursor, {})).toBeUndefined();
    expect(startIn('b', cursor, { sequenceNumber: '100' })).toEqual({
      sequenceNumber: '99',
      subSequenceNumber: 99_999_999,
    });
    expect(startIn('b', undefined, { sequenceNumber: '000' })).toBeUndefined();
  });
});

describe('a batch of letters', () => {
  it('has at least one letter, and else no more letters and bytes than it may', () => {
    const sizes = fc.array(fc.record({ bytes: fc.nat(100) }), { minLength: 1 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 10 }), fc.nat(300), (letters, maxLetters, maxBytes) => {
        const batch = takeBatch(letters, { maxLetters, maxBytes });
        const bytesOf = (some: typeof batch): number => some.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(batch).toEqual(letters.slice(0, batch.length));
        expect(batch.length).toBeGreaterThan(0);
        if (batch.length > 1) expect(batch.length <= maxLetters && bytesOf(batch) <= maxBytes).toBe(true);
        const next = letters[batch.length];
        if (next) expect(batch.length === maxLetters || bytesOf([...batch, next]) > maxBytes).toBe(true);
      }),
    );
  });
});

describe('the state of a redrive', () => {
  const progress = { total: 9, redriven: 4, failed: 1, held: 1, skipped: 1, heldKeys: ['digest'] };
  const result = { progress, timing: TIMING, worker: 'w:1' };

  it('is told without what only the next slice needs', () => {
    const state = foldRedrive(initialRedriveState(input), { ...result, end: 'interval' });
    const status = redriveStatusOf(input, state);
    expect(status).toEqual({
      ...{ total: 9, redriven: 4, failed: 1, held: 1, skipped: 1, isCounted: true, done: false },
      ...{ by: 'jane', filter: {}, startedAtMs: 1_000, slices: 1, worker: 'w:1' },
    });
    expect(lettersLeft(status)).toBe(2);
  });

  it('ends with its last slice', () => {
    const state = foldRedrive(initialRedriveState(input), { ...result, end: 'tooManyFailures' });
    expect(redriveStatusOf(input, state)).toMatchObject({ done: true, end: 'tooManyFailures' });
  });

  it('is described in words', () => {
    const text = (end: 'interval' | 'done' | 'tooManyFailures', filter: RedriveRequest['filter'] = {}): string => {
      const state = foldRedrive(initialRedriveState(input), { ...result, end });
      return describeRedrive(redriveStatusOf({ ...input, filter, reason: 'fixed' }, state));
    };
    expect(text('interval')).toBe(`- **State**: handling dead letters again
- **Letters**: 9, 2 left
- **Handled now**: 4
- **Failed again**: 1: they stay open, with one more error
- **Held**: 1: an earlier letter of their partition key failed
- **Passed over**: 1: changed meanwhile, or expired
- **Which**: all open letters
- **Asked for**: by jane at 1970-01-01T00:00:01.000Z: fixed
- **Worker**: \`w:1\``);
    expect(text('done')).toContain('- **State**: **done**');
    expect(text('tooManyFailures')).toContain('**ended early**');
    expect(describeRedrive(redriveStatusOf(input, initialRedriveState(input)))).toContain('**Letters**: being counted');
    expect(describeRedriveFilter({ shardId: 'a', sequenceNumber: '7', code: 'INTERNAL', fromMs: 0, toMs: 1_000 })).toBe(
      'open letters with sequence number 7, shard a, error INTERNAL, set aside since 1970-01-01T00:00:00.000Z, set aside until 1970-01-01T00:00:01.000Z',
    );
  });
});
