import type { ConsumerReport, ShardReport } from '../client/consumer-status';
import type { Pause } from '../core/control';
import { describeHalt, describeStreak } from '../core/failure-step-text';
import { printable } from './printable';

/** What stands below the table of a consumer: each different trouble once, with the shards that have it and what to do. */
export function renderNotes(report: ConsumerReport): string[] {
  const byText = new Map<string, string[]>();
  for (const shard of report.shards)
    for (const text of notesOf(shard)) byText.set(text, [...(byText.get(text) ?? []), shard.shardId]);
  const notes = [...byText].map(([text, shardIds]) => `${nameShards(shardIds)}: ${text}`);
  return [...notes, ...renderAdvice(report)];
}

function notesOf(shard: ShardReport): string[] {
  const { shardId, state, lastError, parkedKeys = 0 } = shard;
  const notes: string[] = [];
  if (state === 'PARKED') notes.push(parkedText(shard));
  else if (lastError) notes.push(errorText(lastError, streakOf(shard)));
  if (shard.retention?.isAtRisk) notes.push(AT_RISK);
  if (shard.pause) notes.push(pausedText(shardId, shard.pause));
  if (parkedKeys > 0)
    notes.push(
      `${parkedKeys === 1 ? '1 partition key is' : `${parkedKeys} partition keys are`} parked. ` +
        `\`npx tidemark dead-letters list <file> --shard ${shardId} --status parked\` shows its records, ` +
        `\`npx tidemark retry <file> --shard ${shardId}\` tries them again, in order.`,
    );
  return notes;
}

function parkedText({ shardId, halt, lastError }: ShardReport): string {
  const where = halt ? ` ${describeHalt(halt)}` : '';
  if (halt?.loss)
    return (
      `parked ${describeHalt(halt)}. \`npx tidemark skip <file> --shard ${shardId} --reason <why>\` accepts the loss and goes on ` +
      'with the oldest record that is left.'
    );
  const why = lastError ? `; ${lastError.code}: ${oneLine(lastError.message).replace(/\.$/, '')}` : '';
  return (
    `parked${where}${why}. \`npx tidemark retry <file> --shard ${shardId}\` tries it again, ` +
    `\`npx tidemark skip <file> --shard ${shardId} --reason <why>\` sets it aside.`
  );
}

/** How much each has left stands in the table. */
const AT_RISK =
  'at risk: retention will take records that are not handled yet. Raise it (`aws kinesis increase-stream-retention-period`), ' +
  'then see why the shard is late.';

function pausedText(shardId: string, { by, reason, atMs, untilMs, scope }: Pause): string {
  const until = untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
  const why = reason === undefined ? '' : `: ${oneLine(reason).replace(/\.$/, '')}`;
  const which = scope === 'shard' ? ` --shard ${shardId}` : '';
  const since = new Date(atMs).toISOString();
  return `paused since ${since}${until} by ${oneLine(by)}${why}. \`npx tidemark resume <file>${which}\` goes on.`;
}

function streakOf({ streak, recentEvents, state }: ShardReport): string | undefined {
  return streak && state === 'RETRYING' ? describeStreak(streak, recentEvents) : undefined;
}

/** Messages of Tidemark's own errors end with the hint already. */
function errorText({ code, message, hint }: NonNullable<ShardReport['lastError']>, streak: string | undefined): string {
  const what = `${code}: ${oneLine(message)}`;
  if (what.includes(hint) && streak === undefined) return what;
  const parts = [what.replace(hint, '').trim(), streak && `Now: ${streak}`, hint];
  return parts.flatMap((part) => part?.replace(/\.$/, '') ?? []).join('. ') + '.';
}

/** A handler's own text may be part of it. */
function oneLine(message: string): string {
  return printable(message.replace(/\s+/g, ' '));
}

function nameShards([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

function renderAdvice({ state, shards }: ConsumerReport): string[] {
  if (state === 'NOT_STARTED') return ['It was never started: `npx tidemark start <file>`.'];
  if (state !== 'RUNNING') return ['It does not run: `npx tidemark start <file>` goes on from the checkpoints.'];
  if (shards.some((shard) => shard.state === 'NO_WORKER')) return ['No worker answers: `npx tidemark worker <file>`.'];
  return [];
}
