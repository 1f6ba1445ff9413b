import type { WorkerFlags } from '../worker-setup';

/** What a worker process is to do. */
export interface ProcessJob {
  /** Number of the process among its siblings, from 1. */
  readonly process: number;
  /** `run` starts the consumers before it works for them. */
  readonly command: 'run' | 'worker';
  readonly files: readonly string[];
  readonly flags: WorkerFlags & { readonly createTable?: boolean };
  /** Whether it says what all of them will do. */
  readonly isTalkative: boolean;
}

/** Where a process can be asked, on this machine. */
export interface ProcessAddresses {
  readonly metricsUrl?: string;
  readonly healthUrl?: string;
}

export type ToProcess =
  | { readonly tidemark: 'job'; readonly job: ProcessJob }
  | { readonly tidemark: 'stop'; readonly signal: string }
  | { readonly tidemark: 'leave'; readonly signal: string; readonly exitCode: number };

export type FromProcess =
  | { readonly tidemark: 'ready'; readonly addresses: ProcessAddresses }
  /** It failed before it was ready; the text is for people. It ends by itself. */
  | { readonly tidemark: 'failed'; readonly text: string };

/** A handler may use the channel for purposes of its own: what is not ours is passed over. */
export function isOurs<M extends ToProcess | FromProcess>(message: unknown): message is M {
  return typeof message === 'object' && message !== null && 'tidemark' in message;
}
