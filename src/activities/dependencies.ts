import type { ConsumerDefinition } from '../handler/define-consumer';
import type { CheckpointHistory } from '../checkpoints/checkpoint-history';
import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store';
import type { ReadBudget } from '../core/read-budget';
import type { HandlerRunner } from '../handler/handler-runner';
import type { FanOut } from '../kinesis/fan-out';
import type { KinesisPort } from '../kinesis/kinesis-port';
import type { PageMemory } from '../kinesis/page-memory';
import type { KeptSources } from './kept-sources';
import type { TrialLane } from './trial-lane';

/** One consumer with the services it uses. */
export interface ConsumerRuntime {
  readonly definition: ConsumerDefinition;
  readonly kinesis: KinesisPort;
  /** Reads shards by enhanced fan-out; undefined: they are polled. */
  readonly fanOut?: FanOut;
  readonly store: CheckpointStore;
  readonly letters: DeadLetterStore;
  readonly history: CheckpointHistory;
  /** What may be read of each shard; undefined without a limit. */
  readonly budget?: ReadBudget;
  /** Where the handler runs; one runner per slice, which closes it. */
  readonly runner: () => HandlerRunner;
}

/** What activities need of the world. Clock and random are here so that tests decide them. */
export interface ActivityDependencies {
  /** By `<consumer>/<stream name>`: workflows name a consumer, never code to load. */
  readonly consumers: ReadonlyMap<string, ConsumerRuntime>;
  /** Identity of this worker as status shows it. */
  readonly worker: string;
  /** Shards being read by this process now, as `<consumer>/<stream>/<shard id>`: what a shutdown waits for. */
  readonly running: Set<string>;
  readonly now: () => number;
  readonly random: () => number;
  readonly mintToken: () => string;
  /** One trial of records under suspicion at a time in this process. */
  readonly trialLane: TrialLane;
  /** Room for the pages that this process reads ahead and handles. */
  readonly pageMemory: PageMemory;
  /** What slices of this process have open for the ones that follow them. */
  readonly keptSources: KeptSources;
}

export function consumerKey({ consumer, streamName }: { consumer: string; streamName: string }): string {
  return `${consumer}/${streamName}`;
}
