import type { ConsumerOptions } from '../core/options';
import { resolveOptions, type ResolvedOptions } from '../core/resolve-options';
import type { BatchHandler } from './handler';

/** What a consumer file exports: options and a handler. */
export interface ConsumerInput extends ConsumerOptions {
  /** Handles one batch: committed when it resolves, tried again when it rejects. See `eachRecord` for one record at a time. */
  readonly handler: BatchHandler;
}

/** A checked consumer. Made by `defineConsumer` only. */
export interface ConsumerDefinition {
  readonly options: ResolvedOptions;
  readonly handler: BatchHandler;
}

/** Brand that survives two copies of this package in one process (a consumer file may resolve its own). */
const BRAND = Symbol.for('tidemark.consumer');

/**
 * Defines a consumer: who it is, what it reads, how batches are formed, and what happens with them.
 * @throws `INVALID_OPTION` that names every wrong option
 */
export function defineConsumer(input: ConsumerInput): ConsumerDefinition {
  const { handler, ...options } = input ?? {};
  const isFunction = typeof handler === 'function';
  const resolved = resolveOptions(
    options,
    isFunction ? [] : [`Expected \`handler\` to be a function, got ${typeof handler}`],
  );
  return Object.freeze({ [BRAND]: true, options: Object.freeze(resolved), handler });
}

export function isConsumerDefinition(value: unknown): value is ConsumerDefinition {
  return typeof value === 'object' && value !== null && BRAND in value;
}
