import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { RedriveHandle, FinishedRedrive } from '../../client/redrive-handle';
import type { TidemarkClient } from '../../client/tidemark-client';
import { describeRedriveFilter } from '../../core/redrive-details';
import { lettersLeft } from '../../core/redrive';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { resolveTemporal } from '../../temporal/connect';
import { CommandFailed } from '../command-failed';
import { confirm } from '../confirm';
import {
  addDecisionOptions,
  chosenConsumers,
  describeConsumerOf,
  filterOfDecision,
  type DecisionFlags,
} from '../letter-decision';
import { print, say } from '../output';
import { showProgress } from '../progress-line';
import { addTemporalOptions, temporalOf, withClient, type TemporalFlags } from '../temporal-options';
import { webUiLink } from '../web-ui';
import { whoAmI } from '../who-am-i';

interface RedriveFlags extends DecisionFlags, TemporalFlags {}

const LOOK_INTERVAL_MS = 500;
/** After so many looks without an answer, somebody should be told that no worker is there. */
const SILENT_LOOKS = 3;

export function addRedriveCommand(letters: Command): void {
  const command = letters
    .command('redrive')
    .description('handle open dead letters again, with the handler of today, in order per partition key');
  addTemporalOptions(addDecisionOptions(command))
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: RedriveFlags) => redrive(file, flags));
}

const EXAMPLES = `
Workers of the consumer do the work, in a workflow of its own: Ctrl-C here does not end it. A letter that fails again stays
open with both errors, and the later ones of its partition key are held back. Letters of a parked partition key are not
redriven: they are handled in their order when the key is retried.

Exit code: 1 if some have failed again or were held back.

Examples:
  $ npx tidemark dead-letters redrive consumer.ts --code SCHEMA_INVALID --reason 'schema of 1.4'
  $ npx tidemark dead-letters redrive consumer.ts --sequence 4967124666756722864328343015018708703220658265850 --yes`;

async function redrive(file: string, flags: RedriveFlags): Promise<void> {
  const results: unknown[] = [];
  let isComplete = true;
  await withClient(flags, async (client) => {
    for (const consumer of await chosenConsumers(file, flags)) {
      const result = await redriveOne(client, consumer, flags);
      if (result === undefined) continue;
      const { name, streamName } = consumer.options;
      results.push({ consumer: name, stream: streamName, ...result });
      isComplete &&= result.end === 'done' && result.failed === 0 && result.held === 0;
    }
  });
  if (flags.json) print(JSON.stringify(results, undefined, 2));
  if (!isComplete) throw new CommandFailed();
}

/** Undefined if there is nothing to do, or it was not wanted. */
async function redriveOne(
  client: TidemarkClient,
  consumer: ConsumerDefinition,
  flags: RedriveFlags,
): Promise<FinishedRedrive | undefined> {
  const filter = filterOfDecision(flags);
  const where = describeConsumerOf(consumer);
  const total = await client.deadLetters.countOpen(consumer, filter);
  const what = `${where}: ${total} of ${describeRedriveFilter(filter)}`;
  await tellParked(client, consumer);
  if (total === 0) say(`${where}: nothing to redrive (${describeRedriveFilter(filter)}).`);
  if (total === 0 || !(await confirm(`Redrive ${what}?`, flags))) return undefined;
  const { by = whoAmI(), reason } = flags;
  const handle = await client.deadLetters.redrive(consumer, { filter, by, reason });
  const link = webUiLink(resolveTemporal(temporalOf(flags)), handle.workflowId);
  say(`Redriving ${what} (workflow ${handle.workflowId}${link === undefined ? '' : `, ${link}`}).`);
  const result = await untilDone(handle, total);
  if (!flags.json) print(`${where}: ${describeResult(result)}`);
  return result;
}

async function tellParked(client: TidemarkClient, consumer: ConsumerDefinition): Promise<void> {
  const { total } = await client.deadLetters.count(consumer, { status: 'PARKED' });
  if (total > 0)
    say(`${total} parked letters are left alone: they belong to parked partition keys, and wait in order.`);
}

async function untilDone(handle: RedriveHandle, total: number): Promise<FinishedRedrive> {
  const progress = showProgress('Letters', total);
  const ended = new AbortController();
  const result = handle.result().finally(() => ended.abort());
  result.catch(() => undefined);
  let silentLooks = 0;
  while (!ended.signal.aborted) {
    const status = await Promise.race([handle.status(), result.then(() => undefined)]).catch(() => undefined);
    silentLooks = status === undefined ? silentLooks + 1 : 0;
    if (status?.isCounted) progress.update(status.total - lettersLeft(status), describeFailures(status));
    else if (silentLooks === SILENT_LOOKS && !ended.signal.aborted)
      say('No worker answers yet: `npx tidemark worker <file>` starts one.');
    await sleep(LOOK_INTERVAL_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
  try {
    const finished = await result;
    progress.update(finished.total - lettersLeft(finished), describeFailures(finished));
    return finished;
  } finally {
    progress.stop();
  }
}

function describeFailures({ failed, held }: Pick<FinishedRedrive, 'failed' | 'held'>): string {
  return [failed > 0 && `${failed} failed again`, held > 0 && `${held} held back`].filter(Boolean).join(', ');
}

const ENDS = {
  done: '',
  tooManyFailures: ' It ended early: too many partition keys have failed again.',
  cancelled: ' It was cancelled.',
  terminated: ' Its workflow was terminated.',
} as const;

function describeResult(result: FinishedRedrive): string {
  const { redriven, failed, held, skipped, end } = result;
  const left = end === 'done' ? 0 : lettersLeft(result);
  const parts = [
    `${redriven} handled`,
    `${failed} failed again`,
    held > 0 && `${held} held back behind them`,
    skipped > 0 && `${skipped} changed or expired meanwhile`,
    left > 0 && `${left} not reached`,
  ];
  return `${parts.filter(Boolean).join(', ')}.${ENDS[end]}`;
}
