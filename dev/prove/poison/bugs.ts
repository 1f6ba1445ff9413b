/**
 * Planted bugs of the handler, to see that a run finds them. `skipRecord`: the last record of a batch has no effect. `swallow`: what goes
 * wrong is taken for handled. `leak`: a log line quotes a record. `innocent`: fails on a good record.
 */
export const POISON_BUGS = ['skipRecord', 'swallow', 'leak', 'innocent'] as const;

export type PoisonBug = (typeof POISON_BUGS)[number];

export interface PoisonHandler {
  readonly shards: number;
  readonly bug?: PoisonBug;
  /** Number of the good record on which `innocent` fails. */
  readonly innocent?: number;
}
