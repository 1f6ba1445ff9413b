import type { Command } from 'commander';

export function addDebugOption(command: Command): Command {
  return command.option('--debug', 'show where in the code an error comes from');
}
