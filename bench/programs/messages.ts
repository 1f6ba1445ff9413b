import type { ConsumerOptions } from '../../src';

/** What a process under test is told, as JSON in its first argument. */
export interface WorkerOrder {
  readonly consumer: ConsumerOptions;
  readonly temporalAddress: string;
  /** The measured span ends when this many records are committed. Undefined: it never ends by itself. */
  readonly expectedRecords?: number;
  /** Whether records carry the time of their put. */
  readonly isTimed?: boolean;
}

export interface LoopOrder {
  readonly endpoint: string;
  readonly stream: string;
  readonly pageLimit: number;
  readonly expectedRecords: number;
}

/** From its first page asked for (or first checkpoint claimed) to its last record read (or committed). */
export interface Span {
  readonly records: number;
  readonly bytes: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

export interface WorkerSpan extends Span {
  readonly commits: number;
  readonly claims: number;
  /** When the first record came to the handler, `process.hrtime`. */
  readonly firstHandledNs: string;
}

export interface Sample {
  readonly atNs: string;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly commits: number;
  readonly records: number;
  /** Put to handler, since the last sample. */
  readonly latenciesMs: readonly number[];
}

/** What the program of `isolation` is to measure. */
export interface IsolationOrder {
  readonly subject: 'handlers' | 'threads';
  readonly isolation: 'inline' | 'thread';
  /** Name of the consumer in `isolation-consumers.ts`. */
  readonly handler: string;
  readonly shards: number;
  readonly batchRecords: number;
  readonly recordBytes: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

export interface ServerOrder {
  readonly shards?: number;
  readonly recordsPerShard?: number;
  readonly recordBytes?: number;
  /** HTTPS, with a certificate that nobody trusts. */
  readonly tls?: boolean;
}

/** What the program of `decode` is to measure. */
export interface DecodeOrder {
  readonly reader: 'sdk' | 'json' | 'cbor';
  readonly endpoint: string;
  readonly pageRecords: number;
  readonly warmUpPages: number;
  readonly pages: number;
}

export type ChildMessage =
  | { readonly kind: 'ready'; readonly endpoint?: string }
  | { readonly kind: 'span'; readonly span: Span | WorkerSpan }
  | { readonly kind: 'sample'; readonly sample: Sample }
  | { readonly kind: 'figures'; readonly figures: Readonly<Record<string, number>> };

export type ParentMessage = { readonly kind: 'go' } | { readonly kind: 'sample' } | { readonly kind: 'stop' };
