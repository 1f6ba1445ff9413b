/** What a contestant is told, as JSON in its first argument. The same for every one, whatever it is written in. */
export interface RaceOrder {
  /** Names this process in its reports. */
  readonly worker: string;
  /** Reports go to this port of 127.0.0.1, one JSON object a line; a contestant ends when that connection does. */
  readonly reportPort: number;
  /** Name of the consumer: processes of one application share its shards and its checkpoints. */
  readonly application: string;
  readonly stream: string;
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly temporalAddress: string;
  /** Whether each record's id and its time from put to handler are reported. */
  readonly isTimed: boolean;
  /** Whether a rival's pauses between full pages are taken out, as one would for a backlog. */
  readonly isTuned: boolean;
  /** Whether this process also makes the table and starts the consumer, as at the very first start. */
  readonly isFirst: boolean;
  readonly settings: Readonly<Record<string, string>>;
}

export type Work = 'noop' | 'parse';

/** First line of each connection. A contestant of several processes may have several connections. */
interface HelloReport {
  readonly kind: 'hello';
  readonly worker: string;
}

export interface BatchReport {
  readonly kind: 'batch';
  readonly shard: string;
  readonly records: number;
  /** Monotonic clock of the machine (`process.hrtime`, `System.nanoTime`), when the handler had the batch. */
  readonly atNs: string;
  readonly ids?: readonly number[];
  readonly latenciesMs?: readonly number[];
}

/** A checkpoint that the store has confirmed. */
export interface CommitReport {
  readonly kind: 'commit';
  readonly shard: string;
  readonly records: number;
  readonly atNs: string;
}

export type Report = HelloReport | BatchReport | CommitReport;

/** To the contestant. */
export interface WorkMessage {
  readonly work: Work;
}

/** A record of the timed scenarios. */
export interface TimedPayload {
  readonly id: number;
  readonly putNs: string;
  readonly padding: string;
}
