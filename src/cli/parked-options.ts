import type { Command } from 'commander';
import type { OrderedShard } from '../client/parked-orders';
import { describePosition } from '../core/positions';
import { addDebugOption } from './debug-option';
import { wholeNumber } from './option-values';
import { print } from './output';
import { addTemporalOptions, type TemporalFlags } from './temporal-options';

/** Options of the commands that decide about what is parked. */
export interface ParkedFlags extends TemporalFlags {
  readonly consumer?: string;
  readonly shard?: string;
  readonly key?: string;
  readonly reason?: string;
  readonly by?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly json?: boolean;
}

export function addParkedOptions(command: Command): Command {
  command
    .argument('<file>', 'consumer file')
    .option('--consumer <name>', 'only this consumer of the file')
    .option('--key <partition key>', 'only the records of this partition key')
    .option('--by <name>', "who, for Temporal's history (default: user@host)")
    .option('--timeout <seconds>', 'how long to wait until it is carried out', wholeNumber)
    .option('--json', 'the result as JSON');
  return addTemporalOptions(addDebugOption(command));
}

export function timeoutMsOf({ timeout }: ParkedFlags): number | undefined {
  return timeout === undefined ? undefined : timeout * 1_000;
}

/** A line per shard: where it stands since. */
export function showOrdered(done: string, ordered: readonly OrderedShard[], { json }: ParkedFlags): void {
  if (json) return print(JSON.stringify(ordered, undefined, 2));
  for (const { status } of ordered) {
    const { shardId, phase, position, halt } = status;
    const again = halt ? `, parked again at record ${halt.sequenceNumber}` : '';
    print(`${done} ${shardId}: ${phase} at ${describePosition(position)}${again}`);
  }
}
