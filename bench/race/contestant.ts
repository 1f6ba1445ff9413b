import type { RaceOrder } from './messages';

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One way to consume a stream, as the race sees it. */
export interface Contestant {
  /** On the command line, in JSON and in names of tables. */
  readonly id: string;
  /** In tables. */
  readonly title: string;
  readonly version: string;
  /** Installs what it needs; rejects with a reason where it cannot take part on this machine. */
  prepare(onProgress: (line: string) => void): Promise<void>;
  commandLine(order: RaceOrder): CommandLine;
  /** Whether only its reading differs from that of another contestant: it has no life of its own, then. */
  readonly isVariant: boolean;
  /** Takes part only where it is named. */
  readonly isExtra?: boolean;
  /** Whether it writes checkpoints: without them there is neither restart nor failover to measure. */
  readonly isDurable: boolean;
  /** Whether it reports its commits; if not, batches that were handled stand for them. */
  readonly reportsCommits: boolean;
  /** Passed on in the order. */
  readonly settings: Readonly<Record<string, string>>;
  /** How long it may take until it reads, milliseconds. */
  readonly startLimitMs: number;
  /** How long another worker may take to go on after a crash, milliseconds. */
  readonly failoverLimitMs: number;
  /** Time from the start of a second worker until it stands by, milliseconds. */
  readonly standByMs: number;
  /** Shards of the idle scenario: fewer for one that takes its shards slowly. */
  readonly idleShards: number;
  /** Times that a worker is killed, and stopped, to see another go on. */
  readonly kills: number;
  readonly handOvers: number;
}
