import type { Argument, Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program';

const HEAD = `<!-- Generated from src/cli by \`npm run docs:generate\`. Change the source, not this page. -->

# Commands

Every command of \`npx tidemark\`, with its options. \`--help\` shows the same, and examples. Exit codes: 0 done, 1 failed, 2 wrong usage.
`;

/** The page of all commands, Markdown. */
export function renderCommands(): string {
  return [HEAD, ...leavesOf(createProgram(), []).map(renderCommand)].join('\n');
}

interface Leaf {
  readonly name: string;
  readonly command: Command;
}

/** Commands that do something, in the order of the help; a group stands for those in it. */
function leavesOf(command: Command, before: readonly string[]): Leaf[] {
  return command.commands.flatMap((child) => {
    const names = [...before, child.name()];
    return child.commands.length > 0 ? leavesOf(child, names) : [{ name: names.join(' '), command: child }];
  });
}

function renderCommand({ name, command }: Leaf): string {
  const usage = ['npx tidemark', name, ...command.registeredArguments.map(argumentText)].join(' ');
  const description = command.description();
  const shown = command.options.filter((option) => !option.hidden);
  const lines = [`## ${name}`, '', `${description[0]?.toUpperCase()}${description.slice(1)}.`, '', `\`${usage}\``, ''];
  const args = command.registeredArguments.map(
    (argument) => `| \`${argumentText(argument)}\` | ${cell(argument.description)} |`,
  );
  const rows = [...args, ...shown.map((option) => `| \`${flagsOf(option)}\` | ${cell(describe(option))} |`)];
  return [...lines, '| | |', '| --- | --- |', ...rows, ''].join('\n');
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** Within a code span only the bar of the table is special. */
function flagsOf({ flags }: Option): string {
  return flags.replaceAll('|', '\\|');
}

function describe({ description, mandatory, argChoices, defaultValue }: Option): string {
  const choices = argChoices ? ` (${argChoices.join(', ')})` : '';
  const given = ['string', 'number'].includes(typeof defaultValue) ? ` Default: ${String(defaultValue)}.` : '';
  return `${description}${choices}${mandatory ? ' **Required.**' : ''}${given}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ').replaceAll('<', '\\<');
}
