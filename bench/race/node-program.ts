import { compiledProgram } from './compiled-programs';
import type { CommandLine } from './contestant';
import type { RaceOrder } from './messages';

/** A Node program of the race. */
export function nodeProgram(file: string, order: RaceOrder): CommandLine {
  return { command: process.execPath, args: [compiledProgram(file), JSON.stringify(order)] };
}
