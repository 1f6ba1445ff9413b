import type { Command } from 'commander';
import { addDebugOption } from './debug-option';
import { wholeNumber } from './option-values';
import { addTemporalOptions, type TemporalFlags } from './temporal-options';

/** Options of every command that gives an order to shards. */
export interface ControlFlags extends TemporalFlags {
  readonly consumer?: string;
  readonly shard?: string;
  readonly reason?: string;
  readonly by?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly json?: boolean;
}

/** Of the commands for which a shard is a choice. */
export function addControlOptions(command: Command): Command {
  return addOrderOptions(command).option('--shard <id>', 'only this shard');
}

export function addOrderOptions(command: Command): Command {
  command
    .argument('<file>', 'consumer file')
    .option('--consumer <name>', 'only this consumer of the file')
    .option('--by <name>', "who, for Temporal's history (default: user@host)")
    .option('--timeout <seconds>', 'how long to wait for workers to tell, then to obey', wholeNumber)
    .option('--json', 'the result as JSON');
  return addTemporalOptions(addDebugOption(command));
}

/** Milliseconds; undefined for the default of the order. */
export function timeoutMsOf({ timeout }: ControlFlags): number | undefined {
  return timeout === undefined ? undefined : timeout * 1_000;
}
