import type { Command } from 'commander';
import type { OrderedShard } from '../client/parked-orders';
import { codeOf } from '../core/errors';
import { describeHalt, describeStreak } from '../core/failure-step-text';
import { describePosition } from '../core/positions';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { addOrderOptions, type ControlFlags } from './control-options';
import { describeConsumerOf } from './letter-decision';
import { print } from './output';

/** Options of the commands that decide about what is parked. */
export interface ParkedFlags extends ControlFlags {
  readonly key?: string;
}

export function addParkedOptions(command: Command): Command {
  return addOrderOptions(command).option('--key <partition key>', 'only the records of this partition key');
}

/** What one command did, consumer by consumer. */
export interface Ordered {
  readonly consumer: ConsumerDefinition;
  readonly shards: readonly OrderedShard[];
}

/** A line per shard: where it stands since. */
export function showOrdered(done: string, ordered: readonly Ordered[], { json }: ParkedFlags): void {
  if (json) return print(JSON.stringify(ordered.map(jsonOf), undefined, 2));
  for (const { consumer, shards } of ordered)
    for (const { status } of shards)
      print(`${done} ${status.shardId} of ${describeConsumerOf(consumer)}: ${describe(status)}`);
}

function jsonOf({ consumer: { options }, shards }: Ordered): object {
  return { consumer: options.name, stream: options.streamName, shards };
}

function describe({ phase, position, halt, streak, recentEvents, lastError }: OrderedShard['status']): string {
  const where = `${phase} at ${describePosition(position)}`;
  if (halt) return `${where}, parked again ${describeHalt(halt)}${lastError ? `: ${lastError.code}` : ''}`;
  const failing = streak && describeStreak(streak, recentEvents);
  return failing === undefined ? where : `${where}, ${failing}${lastError ? `: ${lastError.code}` : ''}`;
}

/** Gives an order to each consumer of a file. Where several are, those of which nothing is parked are passed over, unless it is all. */
export async function orderEach(
  consumers: readonly ConsumerDefinition[],
  order: (consumer: ConsumerDefinition) => Promise<readonly OrderedShard[] | undefined>,
): Promise<Ordered[]> {
  const ordered: Ordered[] = [];
  let passedOver: unknown;
  for (const consumer of consumers) {
    try {
      const shards = await order(consumer);
      if (shards) ordered.push({ consumer, shards });
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'NOT_PARKED' && code !== 'WORKFLOW_NOT_FOUND') throw error;
      passedOver = error;
    }
  }
  if (ordered.length === 0 && passedOver instanceof Error) throw passedOver;
  return ordered;
}
