import { IDLE_HISTORY_INTERVAL_MS, idleIntervalMs, type IdleSlice } from '../../../src/core/idle-slice';
import type { SliceInput } from '../../../src/core/shard-work';

const { quiet, withNews } = IDLE_HISTORY_INTERVAL_MS;
const POSITION = { at: 'TRIM_HORIZON' } as const;
const TOTALS = { records: 0, batches: 0, bytes: 0 };

type Known = Pick<SliceInput, 'belief' | 'progress' | 'streak' | 'noted'>;

const SLICE: IdleSlice = {
  attempt: 1,
  events: 0,
  checkpoint: { position: POSITION, generation: 0, token: 'a' },
  progress: { totals: TOTALS },
  isCaughtUp: true,
};
const KNOWN = {
  belief: { position: POSITION, generation: 0, token: 'a', needClaim: false },
  progress: { totals: TOTALS, caughtUpAtMs: 1, millisBehindLatest: 0 },
} as unknown as Known;

function lasts(slice: Partial<IdleSlice>, known: Partial<Known> = {}): number {
  return idleIntervalMs({ ...SLICE, ...slice }, { ...KNOWN, ...known });
}

describe('a slice without a batch', () => {
  it('lasts five minutes where the workflow knows all there is', () => expect(lasts({})).toBe(quiet));

  it.each<[string, Partial<IdleSlice>, Partial<Known>]>([
    ['is behind', { isCaughtUp: false }, {}],
    ['was behind', {}, { progress: { ...KNOWN.progress, millisBehindLatest: 5_000 } }],
    ['was never seen caught up', {}, { progress: { ...KNOWN.progress, caughtUpAtMs: undefined } }],
    ['follows an attempt that was lost', { attempt: 2 }, {}],
    ['follows a failure', {}, { streak: {} as Known['streak'] }],
    ['has an event to tell', { events: 1 }, {}],
    ['has what an operator did to write down', {}, { noted: [{} as NonNullable<Known['noted']>[number]] }],
    ['has claimed or committed', { checkpoint: { ...SLICE.checkpoint, token: 'b' } }, {}],
    ['has claimed for the first time', {}, { belief: { position: POSITION, generation: 0, needClaim: true } }],
    ['has keys parked that may be due', { progress: { ...SLICE.progress, parkedKeys: 1 } }, {}],
  ])('lasts a minute where the shard %s', (_what, slice, known) => expect(lasts(slice, known)).toBe(withNews));
});
