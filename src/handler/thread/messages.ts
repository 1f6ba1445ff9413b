/** What goes between the main thread and a handler's thread; by structured clone, payloads by transfer. */
import type { CarriedSpan } from '../../tracing/carrier';
import type { BatchFailedError, RunOutcome } from '../handler-runner';
import type { BatchRun } from '../run-batch';
import type { PackedRecords } from './payloads';

/** Why a handler's signal aborts. */
export type AbortKind = 'timeout' | 'lost';

export type ToThread =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly run: Omit<BatchRun, 'records'>;
      readonly records: PackedRecords;
      /** The span of the run, where somebody traces. */
      readonly span?: CarriedSpan;
    }
  | { readonly kind: 'abort'; readonly id: number; readonly why: AbortKind };

export type RunFailure = Pick<BatchFailedError, 'kind' | 'error' | 'index'>;

/** The end of a run, when the handler has settled. `buffers` are the borrowed ones, in their order. */
export type Reply = { readonly id: number; readonly buffers: readonly ArrayBuffer[] } & (
  | { readonly kind: 'outcome'; readonly outcome: RunOutcome }
  | { readonly kind: 'failed'; readonly failure: RunFailure }
  /** It settled, but after its signal had aborted. */
  | { readonly kind: 'aborted' }
);

export type FromThread =
  | Reply
  | { readonly kind: 'ready' }
  | { readonly kind: 'unloadable'; readonly message: string }
  /** An error that nothing caught ends the thread. */
  | { readonly kind: 'dying'; readonly message: string };
