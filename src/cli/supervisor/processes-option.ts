import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';

const MAX_PROCESSES = 256;

/** For `--processes`: a number, or `auto`, as many as can run at the same time on this machine. */
export function processCount(text: string): number {
  if (text === 'auto') return Math.min(MAX_PROCESSES, availableParallelism());
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= MAX_PROCESSES) return Number(text);
  throw new InvalidArgumentError(`Expected auto, or a whole number from 1 to ${MAX_PROCESSES}.`);
}
