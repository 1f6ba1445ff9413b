import { canaryText, HOSTILE_VARIANTS, hostilePayload } from './hostile-json';

export const POISON_KINDS = [
  'throws',
  'rejects',
  'badSchema',
  'blocks',
  'neverSettles',
  'exits',
  'aborts',
  'outOfMemory',
  'huge',
  'hostileJson',
] as const;

/** What a record does to its handler. */
export type PoisonKind = (typeof POISON_KINDS)[number];

export const HUGE_BYTES = 1_048_576;

export interface PoisonPayload {
  readonly kind: PoisonKind;
  /** Number of the record in the run. */
  readonly number: number;
  /** Chooses among forms of the kind. */
  readonly variant: number;
}

/** Every poison holds the canary where an error would quote it. */
export function payloadOf({ kind, number, variant }: PoisonPayload, canary: string): Buffer {
  const head = { n: number, poison: kind, variant: variant % 2, secret: canaryText(canary) };
  if (kind === 'badSchema') return toBytes({ ...head, n: canaryText(canary) });
  if (kind === 'hostileJson') return hostilePayload(head, canary, variant % HOSTILE_VARIANTS);
  if (kind !== 'huge') return toBytes(head);
  const empty = JSON.stringify({ ...head, filler: '' });
  return toBytes({ ...head, filler: fillerOf(HUGE_BYTES - empty.length, number) });
}

function toBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Not one byte repeated, so that a payload put together in the wrong order shows. */
function fillerOf(bytes: number, seed: number): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes; at += 8)
    pieces.push(((seed + at) * 2_654_435_761).toString(36).slice(-8).padStart(8, '-'));
  return pieces.join('').slice(0, bytes);
}
