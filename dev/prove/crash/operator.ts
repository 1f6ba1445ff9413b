import { codeOf } from '../../../src/core/errors';
import { comparePositions, type Position } from '../../../src/core/positions';
import type { ConsumerDefinition, MovePreview, TidemarkClient } from '../../../src';
import type { Order } from '../common/schedule';
import { pause } from '../common/wait';

/** What may rightly be the answer of an order that came too late, or where nothing runs just now. */
const RIGHTLY_REFUSED = ['MOVE_REFUSED', 'WORKFLOW_NOT_FOUND', 'RESTORE_POINT_EXISTS'];
const BY = { by: 'prove', reason: 'a proof' };
/** Killed workers come back in this time: an order may have to wait for one. */
const TIMEOUT_MS = 120_000;

interface Answer {
  readonly order: string;
  readonly ms: number;
}

/** Gives orders to the consumer of a run, and notes how long each took. */
export class Operator {
  readonly answers: Answer[] = [];
  refused = 0;
  private points = 0;

  constructor(
    private readonly client: TidemarkClient,
    private readonly definition: ConsumerDefinition,
    private readonly signal: AbortSignal,
  ) {}

  async obey(order: Order): Promise<string> {
    try {
      return `order ${order.order}: ${await this.carryOut(order)}`;
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !RIGHTLY_REFUSED.includes(code)) throw error;
      this.refused += 1;
      return `order ${order.order}: ${code}`;
    }
  }

  private async carryOut({ order, choice, pauseMs }: Order): Promise<string> {
    switch (order) {
      case 'pause':
        return this.pauseFor(pauseMs);
      case 'pauseShard':
        return this.pauseFor(pauseMs, await this.chooseShard(choice));
      case 'rewind':
        return this.rewind(choice);
      case 'rewindAndUndo':
        return `${await this.rewind(choice)}; undo ${await this.undo()}`;
      case 'skipAndUndo':
        return this.skipAndUndo(choice);
      case 'restore':
        return this.restore(pauseMs);
    }
  }

  private async pauseFor(pauseMs: number, shardId?: string): Promise<string> {
    const { client, definition, signal } = this;
    const options = { ...BY, shardId, timeoutMs: TIMEOUT_MS };
    const { shards } = await this.timed('pause', () => client.pause(definition, options));
    await pause(pauseMs, signal);
    await this.timed('resume', () => client.resume(definition, options));
    return `${shards} shards for ${pauseMs} ms`;
  }

  /** To where some entry of the history began, of one shard. */
  private async rewind(choice: number): Promise<string> {
    const { client, definition } = this;
    const shardId = await this.chooseShard(choice);
    const entries = (await client.history(definition, { shardId, limit: 6 })).filter(({ kind }) => kind === 'read');
    const to = entries[Math.floor(choice * entries.length)]?.from;
    if (to === undefined) return 'no history yet';
    return this.move(await client.previewMove(definition, { kind: 'rewind', shardId, to }));
  }

  private async undo(): Promise<string> {
    const previews = await this.client.previewMove(this.definition, { kind: 'undo' });
    return this.move(previews.filter(isForward));
  }

  /** While it is paused nothing is read in between: so nothing is left out in the end. */
  private async skipAndUndo(choice: number): Promise<string> {
    const { client, definition } = this;
    const shardId = await this.chooseShard(choice);
    await client.pause(definition, { ...BY, shardId, timeoutMs: TIMEOUT_MS });
    try {
      const to: Position = { at: 'AFTER', sequenceNumber: '9'.repeat(60) };
      const skipped = await this.move([{ shardId, kind: 'skip', from: to, to, warnings: [] }]);
      return `${skipped}; ${await this.move(await client.previewMove(definition, { kind: 'undo', shardId }))}`;
    } finally {
      await client.resume(definition, { ...BY, shardId, timeoutMs: TIMEOUT_MS });
    }
  }

  private async restore(pauseMs: number): Promise<string> {
    const { client, definition, signal } = this;
    const name = `point-${(this.points += 1)}`;
    await client.restorePoints.create(definition, name, BY);
    await pause(pauseMs, signal);
    return this.move(await client.restorePoints.preview(definition, name));
  }

  private async move(previews: readonly MovePreview[]): Promise<string> {
    const moved: string[] = [];
    for (const preview of previews.filter(({ refusal }) => refusal === undefined)) {
      const { client, definition } = this;
      const order = { ...BY, timeoutMs: TIMEOUT_MS };
      const [shard] = await this.timed(preview.kind, () => client.move(definition, [preview], order));
      if (shard) moved.push(shard.shardId);
    }
    return moved.length === 0 ? 'nothing to move' : `moved ${moved.join(', ')}`;
  }

  private async chooseShard(choice: number): Promise<string> {
    const { shards } = await this.client.status(this.definition);
    const running = shards.filter(({ state }) => state === 'READING' || state === 'RETRYING' || state === 'PAUSED');
    return running[Math.floor(choice * running.length)]?.shardId ?? 'none';
  }

  private async timed<T>(order: string, action: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    const result = await action();
    this.answers.push({ order, ms: performance.now() - startedAtMs });
    return result;
  }
}

/** The undo of a rewind: that of a skip was made at once. */
function isForward({ from, to }: MovePreview): boolean {
  return comparePositions(to, from) > 0;
}
