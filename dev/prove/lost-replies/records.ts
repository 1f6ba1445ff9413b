import { canaryText } from '../poison/hostile-json';

/** Ways of a record to fail that leave the process alone. */
export const FAILING_KINDS = ['throws', 'rejects', 'badSchema'] as const;

export type FailingKind = (typeof FAILING_KINDS)[number];

export interface CountedValue {
  readonly v: number;
  readonly poison?: FailingKind;
}

/** What record `value` says. A number does not say more than that it is good. */
export function payloadOf(value: number, poison: FailingKind | undefined, canary: string): string {
  if (poison === undefined) return `{"v":${value}}`;
  return JSON.stringify({ v: poison === 'badSchema' ? canaryText(canary) : value, poison, secret: canaryText(canary) });
}
