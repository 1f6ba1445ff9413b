export const SINKS = ['transact', 'plain'] as const;

/** `transact`: effects in the transaction of the checkpoint. `plain`: effects in the handler's own, with idempotency keys. */
export type SinkName = (typeof SINKS)[number];

/**
 * Planted bugs of the handler, to see that a run finds them. `outside`: effects are written beside the checkpoint's transaction.
 * `noKey`: effects are written without looking whether they were before.
 */
export const SINK_BUGS = ['outside', 'noKey'] as const;

export interface SinkHandler {
  /** Name of the run in the sink's table. */
  readonly run: string;
  /** How long a handler takes beside its effects, so that kills meet it at work. */
  readonly handlerMs: number;
  readonly bug?: (typeof SINK_BUGS)[number];
}

/** A sink of a run as its table names it. */
export function sinkOf(run: string, name: SinkName): string {
  return `${run}/${name}`;
}
