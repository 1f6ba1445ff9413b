import { Option, type Command } from 'commander';
import type { ReplayQuery } from '../../client/replay-preview';
import { TidemarkError } from '../../core/errors';
import type { Position } from '../../core/positions';
import { resolveTemporal } from '../../temporal/connect';
import { confirm } from '../confirm';
import { followReplay, type FollowFlags } from '../follow-replay';
import { describeConsumerOf } from '../letter-decision';
import { wholeNumber } from '../option-values';
import { print, say } from '../output';
import { addReplayOptions, theConsumer } from '../replay-options';
import { renderPlan } from '../replay-text';
import { temporalOf, withClient } from '../temporal-options';
import { positionFrom, positionThrough } from '../time-values';
import { webUiLink } from '../web-ui';
import { whoAmI } from '../who-am-i';

interface StartFlags extends FollowFlags {
  readonly consumer?: string;
  readonly from: Position;
  readonly to?: Position;
  readonly shard?: string;
  readonly dryRun?: boolean;
  readonly onFailure: 'continue' | 'stop';
  readonly partial?: boolean;
  readonly parallel?: number;
  readonly id?: string;
  readonly by?: string;
  readonly reason?: string;
  readonly detach?: boolean;
  readonly yes?: boolean;
}

export function addReplayStartCommand(replay: Command): void {
  const command = replay
    .command('start')
    .description('handle a range again with the handler of this file, beside the live consumer');
  addReplayOptions(command)
    .requiredOption(
      '--from <place>',
      'the first record: by time (ISO 8601, or 2h, 7d ago), sequence number, or TRIM_HORIZON',
      positionFrom,
    )
    .option('--to <place>', 'the last record, included: by time or sequence number (default: now)', positionThrough)
    .option('--shard <id>', 'only this shard, without its children')
    .option('--dry-run', 'write nothing: run with context.dryRun, and report what would fail')
    .addOption(
      new Option('--on-failure <what>', 'what follows a record that failed for good')
        .choices(['continue', 'stop'])
        .default('continue'),
    )
    .option('--partial', 'replay what is left of a range of which retention no longer has all')
    .option('--parallel <number>', 'most shards that are read at the same time (default: 8)', wholeNumber)
    .option('--id <name>', 'names the replay, once: a script that runs again starts nothing twice')
    .option('--reason <text>', "why, for Temporal's history")
    .option('--by <name>', "who, for Temporal's history (default: user@host)")
    .option('--work', 'do the work in this process, which gets nothing of the live consumer')
    .option('--detach', 'do not wait for its end')
    .option('--yes', 'do not ask')
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: StartFlags, self: Command) => start(file, flags, self));
}

const EXAMPLES = `
Neither checkpoints nor dead letters are touched, and the live consumer goes on. Records that are handled again have the
idempotency keys that they had. A record that fails is tried again by the failure policy, then counted and listed.
Another handler: a consumer file with another name and the same stream; it need not be started. Ctrl-C ends the showing,
not the replay.

Exit code: 1 if a record failed, or not all of the range was replayed.

Examples:
  $ npx tidemark replay start consumer.ts --from 3h --to 1h --dry-run --work
  $ npx tidemark replay start consumer.ts --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z --reason 'bug in 1.4'`;

async function start(file: string, flags: StartFlags, self: Command): Promise<void> {
  const query = queryOf(flags, self);
  if (flags.work && flags.detach) self.error('error: --work and --detach exclude each other');
  const consumer = await theConsumer(file, flags);
  const { dryRun = false, work: isWorked = false, by = whoAmI(), reason, onFailure, partial, parallel, id } = flags;
  await withClient(flags, async (client) => {
    const preview = await client.replays.preview(consumer, query);
    const where = describeConsumerOf(consumer);
    say(renderPlan(preview, { where, dryRun, isWorked }));
    if (preview.missing !== undefined && !partial)
      throw new TidemarkError('RANGE_EXPIRED', `Not all of the range is there: ${preview.missing}`);
    if (!(await confirm(`${dryRun ? 'Dry run' : 'Replay'} ${where}?`, flags))) return;
    const handle = await client.replays.start(consumer, {
      ...query,
      // As it was shown.
      to: preview.range.to,
      dryRun,
      onFailure,
      partial,
      parallel,
      id,
      by,
      reason,
      ...(isWorked ? { taskQueue: 'own' } : {}),
    });
    const link = webUiLink(resolveTemporal(temporalOf(flags)), handle.workflowId);
    say(`Started replay ${handle.id} (workflow ${handle.workflowId}${link === undefined ? '' : `, ${link}`}).`);
    if (!flags.detach) return followReplay({ file, consumer, handle }, flags);
    const { name, streamName } = consumer.options;
    if (flags.json) print(JSON.stringify({ consumer: name, stream: streamName, id: handle.id }, undefined, 2));
    else say(`To look at it: \`npx tidemark replay follow ${file} ${handle.id}\`.`);
  });
}

function queryOf({ from, to, shard: shardId }: StartFlags, self: Command): ReplayQuery {
  const first = startOf(from);
  const last = to && endOf(to);
  if (first === undefined || (to !== undefined && last === undefined))
    return self.error('error: a range begins and ends at a time or a sequence number');
  if ((first.at === 'FROM' || last?.at === 'AFTER') && shardId === undefined)
    self.error('error: a sequence number is of one shard: name it with --shard');
  return { from: first, ...(last ? { to: last } : {}), ...(shardId === undefined ? {} : { shardId }) };
}

function startOf(position: Position): ReplayQuery['from'] | undefined {
  return position.at === 'AFTER' || position.at === 'SHARD_END' ? undefined : position;
}

function endOf(position: Position): ReplayQuery['to'] {
  return position.at === 'AT_TIMESTAMP' || position.at === 'AFTER' ? position : undefined;
}
