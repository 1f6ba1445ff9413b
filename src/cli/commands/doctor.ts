import type { Command } from 'commander';
import type { FindingState, NamedFinding } from '../../doctor/finding';
import { examine } from '../../doctor/examine';
import { loadConsumers } from '../../worker/load-consumer';
import { CommandFailed } from '../command-failed';
import { addDebugOption } from '../debug-option';
import { print } from '../output';
import { printable } from '../printable';
import { addTemporalOptions, codedTemporalOf, type TemporalFlags } from '../temporal-options';

interface DoctorFlags extends TemporalFlags {
  readonly json?: boolean;
}

export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('look at everything that a consumer needs: one line each, ok or what to do')
    .argument('[file]', 'consumer file; without it only Node.js, Temporal and the AWS credentials')
    .option('--json', 'the findings as JSON');
  addTemporalOptions(addDebugOption(command))
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, flags: DoctorFlags) => doctor(file, flags));
}

const EXAMPLES = `
Changes nothing: writes are sent with conditions that cannot hold, and one record is read and dropped. Each look takes
10 seconds at most, all at once. Exit code 1 if something is WRONG; warnings do not count.

Examples:
  $ npx tidemark doctor consumer.ts
  $ npx tidemark doctor consumer.ts --json | jq '.findings[] | select(.state == "wrong")'`;

async function doctor(file: string | undefined, flags: DoctorFlags): Promise<void> {
  const findings = await examine({ file, loadConsumers, temporal: await codedTemporalOf(flags) });
  const isWrong = findings.some(({ state }) => state === 'wrong');
  print(flags.json ? JSON.stringify({ ok: !isWrong, findings }, undefined, 2) : renderFindings(findings));
  if (isWrong) throw new CommandFailed();
}

const WORDS: Readonly<Record<FindingState, string>> = { ok: 'ok', warning: 'warning', wrong: 'WRONG', skipped: '-' };

export function renderFindings(findings: readonly NamedFinding[]): string {
  const consumers = new Set(findings.flatMap(({ consumer }) => consumer ?? []));
  const lines = findings.map(({ name, consumer, state, what, hint }) => {
    const whose = consumers.size > 1 && consumer !== undefined ? `${consumer}: ` : '';
    const advice = hint === undefined ? '' : ` -> ${hint}`;
    return `${WORDS[state].padEnd(7)}  ${`${whose}${name}`.padEnd(24)}  ${printable(`${what}${advice}`)}`;
  });
  const count = (wanted: FindingState): number => findings.filter(({ state }) => state === wanted).length;
  return [...lines, '', `${count('wrong')} wrong, ${count('warning')} warnings.`].join('\n');
}
