/** `wrong`: it will not work, or something may be lost; `warning`: it works, and could be better; `skipped`: cannot be told. */
export type FindingState = 'ok' | 'warning' | 'wrong' | 'skipped';

export interface Finding {
  readonly state: FindingState;
  readonly what: string;
  /** What to do. */
  readonly hint?: string;
}

export interface NamedFinding extends Finding {
  /** What was looked at, such as `stream` or `kinesis:ListShards`. */
  readonly name: string;
  /** Of which consumer, where it is about one. */
  readonly consumer?: string;
}

/** One thing to look at. It may throw: a `TidemarkError` says what to do. */
export interface Probe {
  readonly name: string;
  readonly consumer?: string;
  readonly look: () => Promise<Finding>;
}

export function ok(what: string): Finding {
  return { state: 'ok', what };
}

export function wrong(what: string, hint: string): Finding {
  return { state: 'wrong', what, hint };
}

export function warning(what: string, hint: string): Finding {
  return { state: 'warning', what, hint };
}

export function skipped(what: string): Finding {
  return { state: 'skipped', what };
}
