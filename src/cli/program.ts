import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { CommandFailed } from './command-failed';
import { addDeadLettersCommand } from './commands/dead-letters';
import { addAuditCommand, addHistoryCommand } from './commands/history';
import { addPauseCommand, addResumeCommand } from './commands/pause';
import { addReplayCommand } from './commands/replay';
import { addRestoreCommand, addRestorePointCommand } from './commands/restore-point';
import { addRewindCommand, addUndoCommand } from './commands/rewind';
import { addDoctorCommand } from './commands/doctor';
import { addExportCommand } from './commands/export';
import { addImportCommand } from './commands/import';
import { addRepairCommand } from './commands/repair';
import { addRunCommand } from './commands/run';
import { addStartCommand } from './commands/start';
import { addStatusCommand } from './commands/status';
import { addRetryCommand } from './commands/retry';
import { addSkipCommand } from './commands/skip';
import { addSkipAheadCommand } from './commands/skip-ahead';
import { addStopCommand } from './commands/stop';
import { addTableCommand } from './commands/table';
import { addWorkerCommand } from './commands/worker';
import { failureText } from './failure-text';
import { say } from './output';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs one command. Returns the exit code; nothing is thrown. */
export async function runCli(args: readonly string[]): Promise<number> {
  // It is about later versions of the SDK than the ones this package pins, and would stand before every answer on Node 20.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return EXIT_OK;
  } catch (error) {
    // Commander has printed its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    if (error instanceof CommandFailed) return error.exitCode;
    say(failureText(error, args.includes('--debug')));
    return EXIT_FAILED;
  }
}

export function createProgram(): Command {
  const program = new Command('tidemark')
    .description('Consumes Amazon Kinesis streams durably: a Temporal workflow per shard, checkpoints in DynamoDB.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows what is possible)')
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText('after', EXAMPLES);
  for (const add of [
    addRunCommand,
    addWorkerCommand,
    addStartCommand,
    addStatusCommand,
    addStopCommand,
    addPauseCommand,
    addResumeCommand,
    addRewindCommand,
    addSkipAheadCommand,
    addUndoCommand,
    addRestorePointCommand,
    addRestoreCommand,
    addHistoryCommand,
    addAuditCommand,
    addRetryCommand,
    addSkipCommand,
    addDeadLettersCommand,
    addReplayCommand,
    addTableCommand,
    addExportCommand,
    addImportCommand,
    addRepairCommand,
    addDoctorCommand,
  ])
    add(program);
  return program;
}

const EXAMPLES = `
Examples:
  $ npx tidemark run consumer.ts --create-table     start and work, all in one process
  $ npx tidemark status consumer.ts --watch         where every shard stands
  $ npx tidemark stop consumer.ts                   stop at the next commits

In production, start once and run as many workers as you like:
  $ npx tidemark start consumer.ts
  $ npx tidemark worker consumer.ts

AWS and Temporal are configured the standard way: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_KINESIS …,
TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE …

Exit code: 0 done, 1 failed, 2 wrong usage. \`tidemark <command> --help\` tells more.`;
