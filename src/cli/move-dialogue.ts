/** Shows what a move of checkpoints would do, asks, and makes it. */
import Table from 'cli-table3';
import type { MovePreview } from '../client/move-preview';
import type { TidemarkClient } from '../client/tidemark-client';
import { TidemarkError } from '../core/errors';
import { describePosition } from '../core/positions';
import { describeLag } from '../core/shard-details';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { confirm } from './confirm';
import { timeoutMsOf, type ControlFlags } from './control-options';
import { chosenConsumers, describeConsumerOf } from './letter-decision';
import { print, say } from './output';
import { withClient } from './temporal-options';
import { whoAmI } from './who-am-i';

export interface MoveFlags extends ControlFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Go on with the shards that can be moved, where some cannot. */
  readonly partial?: boolean;
}

/** @param question such as `Rewind`; asked with the number of shards */
export async function moveByDialogue(file: string, flags: MoveFlags, moving: Omit<Moving, 'flags'>): Promise<void> {
  const consumers = await chosenConsumers(file, flags);
  await withClient(flags, async (client) => {
    for (const consumer of consumers) await moveOne(client, consumer, { flags, ...moving });
  });
}

export interface Moving {
  readonly flags: MoveFlags;
  readonly question: string;
  readonly reason: string;
  readonly preview: (client: TidemarkClient, consumer: ConsumerDefinition) => Promise<MovePreview[]>;
}

async function moveOne(client: TidemarkClient, consumer: ConsumerDefinition, moving: Moving): Promise<void> {
  const { flags, question, reason, preview } = moving;
  const { by = whoAmI(), json, dryRun } = flags;
  const previews = await somePreviews(preview(client, consumer));
  if (dryRun && json) return print(JSON.stringify(jsonOf(consumer, { previews }), undefined, 2));
  say(renderPreviews(consumer, previews));
  if (dryRun) return;
  const movable = movableOf(previews, flags);
  const what = `${movable.length} ${movable.length === 1 ? 'shard' : 'shards'} of ${describeConsumerOf(consumer)}`;
  if (!(await confirm(`${question} ${what}?`, flags))) return;
  const moved = await client.move(consumer, movable, { by, reason, timeoutMs: timeoutMsOf(flags) });
  if (json) return print(JSON.stringify(jsonOf(consumer, { previews, moved }), undefined, 2));
  for (const { shardId, status } of moved)
    print(`${shardId} stands ${describePosition(status.lastMove?.to ?? status.position)} (${status.phase})`);
}

async function somePreviews(asked: Promise<MovePreview[]>): Promise<MovePreview[]> {
  const previews = await asked;
  if (previews.length > 0) return previews;
  throw new TidemarkError(
    'MOVE_REFUSED',
    'No shard is to be moved: they stand there already, or there is nothing to undo',
  );
}

/** @throws `MOVE_REFUSED` if none can be moved, or not all and a part is not enough */
function movableOf(previews: readonly MovePreview[], { partial }: MoveFlags): MovePreview[] {
  const movable = previews.filter(({ refusal }) => refusal === undefined);
  if (movable.length === 0) throw new TidemarkError('MOVE_REFUSED', previews[0]?.refusal ?? 'Nothing can be moved');
  if (movable.length === previews.length || partial) return movable;
  const what = `${previews.length - movable.length} of the shards cannot be moved`;
  const hint = 'Say --partial to move the others, or name one with --shard.';
  throw new TidemarkError('MOVE_REFUSED', what, { hint });
}

function jsonOf({ options }: ConsumerDefinition, more: object): object {
  return { consumer: options.name, stream: options.streamName, ...more };
}

export function renderPreviews(
  consumer: ConsumerDefinition,
  previews: readonly MovePreview[],
  nowMs = Date.now(),
): string {
  const table = new Table({
    head: ['Shard', 'From', 'To', 'First record there', 'About'],
    style: { head: [], border: [], compact: true },
  });
  for (const { shardId, from, to, nextArrivalMs, records, refusal } of previews) {
    const next = nextArrivalMs === undefined ? 'none' : `${describeLag(Math.max(0, nowMs - nextArrivalMs))} old`;
    const about = records === undefined ? '' : `${records.toLocaleString('en-US')} records`;
    table.push([
      shardId,
      describePosition(from),
      describePosition(to),
      refusal ? '' : next,
      refusal ? 'refused' : about,
    ]);
  }
  const notes = previews.flatMap(({ shardId, refusal, warnings }) =>
    [...(refusal ? [`refused: ${refusal}`] : []), ...warnings].map((text) => `${shardId}: ${text}`),
  );
  return [describeConsumerOf(consumer), table.toString(), ...notes].join('\n');
}
