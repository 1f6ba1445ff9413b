import type { LetterFacts } from '../../../dev/prove/common/letters';
import type { Line, LineContent } from '../../../dev/prove/common/lines';
import { amountsOf } from '../../../dev/prove/common/sink';
import { judgeLostReplies, type LostReplyEvidence } from '../../../dev/prove/lost-replies/judge';

const SHARD = 'shardId-000000000000';
const POISON = '4900';
const RECORDS = [1, 2, 3].map((value) => ({ partitionKey: 'k', value }));

const LETTER: LetterFacts = {
  shardId: SHARD,
  sequenceNumber: POISON,
  ordinal: 4,
  partitionKey: 'k',
  condition: 'RetryAttemptsExhausted',
  code: 'HANDLER_FAILED',
  failures: 1,
  digest: 'digest',
};

const line = (seconds: number, content: LineContent): Line => ({ ...content, t: seconds * 1_000_000, worker: 'w1' });

const claimed = (seconds: number, slice: string, sent = seconds): Line =>
  line(seconds, { kind: 'claimed', shard: SHARD, slice, fence: 1, sent: sent * 1_000_000 });

const committed = (seconds: number, slice: string, to: number): Line =>
  line(seconds, {
    kind: 'committed',
    shard: SHARD,
    slice,
    fence: 1,
    sent: seconds * 1_000_000,
    from: to - 1,
    to,
    records: 1,
  });

const fenced = (seconds: number, slice: string): Line => line(seconds, { kind: 'fenced', shard: SHARD, slice });

function judge(change: Partial<LostReplyEvidence>) {
  return judgeLostReplies({
    expected: amountsOf(RECORDS),
    found: amountsOf(RECORDS),
    poisons: new Set([POISON]),
    letters: [LETTER],
    leaks: [],
    lines: [claimed(1, 'a'), committed(2, 'a', 1), committed(3, 'a', 2)],
    dropped: { TransactWriteItems: 7 },
    maxStandstillMs: 10_000,
    ...change,
  });
}

describe('the judge of lost replies', () => {
  it('finds nothing in a run that kept every promise', () => {
    expect(judge({})).toMatchObject({
      ok: true,
      records: 3,
      missing: 0,
      surplus: 0,
      letters: 1,
      commits: 2,
      fenced: 0,
      longestStandstillMs: 1_000,
    });
  });

  it.each<[string, string, Partial<LostReplyEvidence>]>([
    ['an effect that is missing', 'EFFECTS', { found: amountsOf(RECORDS.slice(1)) }],
    ['an effect that counts twice', 'EFFECTS', { found: amountsOf([...RECORDS, ...RECORDS.slice(1, 2)]) }],
    ['a poison without a dead letter', 'LETTERS', { letters: [] }],
    ['a poison with two', 'LETTERS', { letters: [LETTER, LETTER] }],
    ['a dead letter that was written twice', 'LETTERS', { letters: [{ ...LETTER, failures: 2 }] }],
    ['a dead letter of a good record', 'LETTERS', { letters: [LETTER, { ...LETTER, sequenceNumber: '4901' }] }],
    ['a refusal without another writer', 'FENCED', { lines: [claimed(1, 'a'), committed(2, 'a', 1), fenced(3, 'a')] }],
    [
      'a refusal whose other writer came too early',
      'FENCED',
      { lines: [claimed(1, 'b'), claimed(2, 'a'), committed(3, 'a', 1), fenced(4, 'a')] },
    ],
    ['a shard that stands still', 'STUCK', { lines: [committed(1, 'a', 1), committed(12, 'a', 2)] }],
    ['record data in a history', 'LEAKS', { leaks: ['the history of a shard'] }],
    ['a run in which no reply was lost', 'DATA', { dropped: { TransactWriteItems: 0 } }],
  ])('finds %s', (_, expected, change) => {
    expect(judge(change).violationCounts).toEqual({ [expected]: expect.any(Number) });
  });

  it.each([
    ['claimed meanwhile', [claimed(1, 'a'), committed(2, 'a', 1), claimed(3, 'b'), fenced(4, 'a')]],
    [
      'claimed meanwhile and heard of it later',
      [claimed(1, 'a'), committed(2, 'a', 1), fenced(4, 'a'), claimed(6, 'b', 3)],
    ],
  ])('takes a refusal for right where another execution %s', (_, lines) => {
    expect(judge({ lines })).toMatchObject({ ok: true, fenced: 1, falseFences: 0 });
  });
});
