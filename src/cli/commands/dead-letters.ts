import type { Command } from 'commander';
import { addDiscardCommand } from './dead-letters-discard';
import { addListCommand } from './dead-letters-list';
import { addRedriveCommand } from './dead-letters-redrive';
import { addShowCommand } from './dead-letters-show';

export function addDeadLettersCommand(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('records that were set aside because they could not be handled');
  for (const add of [addListCommand, addShowCommand, addRedriveCommand, addDiscardCommand]) add(letters);
}
