import path from 'node:path';
import { PROJECT_ROOT } from '../../dev/stack/paths';
import type { CommandLine } from './contestant';
import type { RaceOrder } from './messages';

const PROGRAMS = path.join(PROJECT_ROOT, 'bench', 'race', 'programs');

/** A TypeScript program of the race. */
export function nodeProgram(file: string, order: RaceOrder): CommandLine {
  const args = ['--import', 'tsx', path.join(PROGRAMS, file), JSON.stringify(order)];
  return { command: process.execPath, args };
}
