import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConsumerDefinition, TidemarkClient } from '../../../src';
import type { ConsumerServices } from '../../../src/aws/consumer-services';
import { createCheckpointTable } from '../../../src/checkpoints/table';
import type { Backup } from '../../../src/core/backup';
import type { Position } from '../../../src/core/positions';
import { waitUntil } from '../common/wait';
import type { Journal } from '../journal';
import { deleteRows, deleteTable } from './losses';
import type { Loss, Round, Source } from './scenarios';
import { compareStandings, recordsBeyond, standingsOf, type Standing, type Standings } from './standings';

const BY = { by: 'prove', reason: 'a drill' };
/** Killed workers come back in this time: an order may have to wait for one. */
const TIMEOUT_MS = 120_000;
const FAR_AHEAD: Position = { at: 'AFTER', sequenceNumber: '9'.repeat(60) };

export interface DrillWorld {
  readonly client: TidemarkClient;
  readonly definition: ConsumerDefinition;
  readonly services: ConsumerServices;
  readonly journal: Journal;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Planted: the exported file says that everything was committed. */
  readonly bug?: 'badExport';
}

/** What a source knows, made before the loss. */
interface Prepared {
  readonly file: string;
  readonly exported: Standings;
  readonly point: string;
  /** With the counts of the export, which was made before. */
  readonly pointed: Standings;
}

export interface Restored {
  /** `performance.now()` when it was lost. */
  readonly lostAtMs: number;
  readonly restoreMs: number;
  /** Records committed beyond what the source knows; undefined where the workflows alone know it. */
  readonly beyond?: number;
  /** What was restored otherwise than it was. */
  readonly differences: readonly string[];
}

/** Loses checkpoints or workflows, and restores them. */
export class Drill {
  private rounds = 0;

  constructor(private readonly world: DrillWorld) {}

  async prepare(): Promise<Prepared> {
    const { client, definition, folder, bug } = this.world;
    const number = (this.rounds += 1);
    const backup = await client.backups.export(definition);
    await mkdir(join(folder, 'exports'), { recursive: true });
    const file = join(folder, 'exports', `${number}.json`);
    const text = client.backups.toText(backup);
    await writeFile(file, bug ? text.replaceAll(/AFTER \d+/g, `AFTER ${'9'.repeat(60)}`) : text);
    const point = `point-${number}`;
    const { positions } = await client.restorePoints.create(definition, point, BY);
    const exported = standingsOf(backup);
    const toStanding = (shardId: string, position: Position): Standing => {
      return { position, records: exported.get(shardId)?.records ?? 0 };
    };
    const pointed = new Map([...positions].map(([shardId, position]) => [shardId, toStanding(shardId, position)]));
    return { file, exported, point, pointed };
  }

  async loseAndRestore(round: Round, prepared: Prepared): Promise<Restored> {
    const { losses, source, isStopped } = round;
    if (isStopped) await this.stop();
    if (losses.includes('workflows')) await this.stop(true);
    // While they are paused nothing is read from where they do not belong: so nothing is left out in the end.
    if (losses.includes('place')) await this.world.client.pause(this.world.definition, this.order);
    const before = await this.world.client.backups.export(this.world.definition);
    const lost = await this.lose(round, before);
    const lostAtMs = performance.now();
    const restored = await this.restore(round, prepared, before);
    const differences = await this.differences(round, { prepared, before, lost, restored });
    if (isStopped || losses.includes('workflows')) await this.world.client.start(this.world.definition);
    if (losses.includes('place')) await this.world.client.resume(this.world.definition, this.order);
    const restoreMs = performance.now() - lostAtMs;
    const known = KNOWN_STANDINGS[source](standingsOf(before), prepared);
    return {
      lostAtMs,
      restoreMs,
      ...(known === undefined || !isExact(round) ? {} : { beyond: recordsBeyond(standingsOf(before), known) }),
      differences,
    };
  }

  private async stop(force = false): Promise<void> {
    await this.world.client.stop(this.world.definition, { ...BY, timeoutMs: TIMEOUT_MS, force });
  }

  private get order(): { by: string; reason: string; timeoutMs: number } {
    return { ...BY, timeoutMs: TIMEOUT_MS };
  }

  /** Ids of the shards that lost something. */
  private async lose({ losses, choice }: Round, before: Backup): Promise<string[]> {
    const { services, definition, journal } = this.world;
    const { tableName } = definition.options;
    const all = before.shards.map(({ shardId }) => shardId);
    const some = all.slice(0, 1 + Math.floor(choice * all.length));
    const actions: Readonly<Record<Loss, () => Promise<string[]>>> = {
      rows: async () => {
        const shards = some.map((shardId) => ({ ...before.stream, shardId }));
        await deleteRows(services.dynamodb, tableName, shards);
        return some;
      },
      table: async () => {
        await deleteTable(services.dynamodb, tableName);
        return all;
      },
      // Terminated already, so that what stood before is known.
      workflows: async () => all,
      place: () => this.misplace(all),
    };
    const what = losses.join(' and ');
    await journal.append([{ kind: 'loss', what }]);
    const lost = await Promise.all(losses.map((loss) => actions[loss]()));
    await journal.append([{ kind: 'loss', what }]);
    return lost.reduce((fewest, shards) => (shards.length < fewest.length ? shards : fewest));
  }

  private async misplace(shardIds: readonly string[]): Promise<string[]> {
    const { client, definition } = this.world;
    const skips = shardIds.map((shardId) => {
      return { shardId, kind: 'skip' as const, from: FAR_AHEAD, to: FAR_AHEAD, warnings: [] };
    });
    await client.move(definition, skips, this.order);
    return [...shardIds];
  }

  /** Where the checkpoints stand then, before anything goes on that was stopped. */
  private async restore({ losses, source }: Round, prepared: Prepared, before: Backup): Promise<Standings> {
    const { client, definition, services, signal } = this.world;
    if (losses.includes('table')) await createCheckpointTable(services.dynamodb, definition.options.tableName);
    await this.actions(prepared, before)[source]();
    if (source === 'running') {
      await waitUntil(() => this.isWhole(), { timeoutMs: TIMEOUT_MS, what: 'all rows to come back', signal });
    }
    return standingsOf(await client.backups.export(definition));
  }

  private actions(prepared: Prepared, before: Backup): Readonly<Record<Source, () => Promise<unknown>>> {
    const { client, definition } = this.world;
    return {
      running: async () => undefined,
      rows: async () => undefined,
      repair: () => this.repair(),
      export: async () => {
        const backup = client.backups.fromText(await readFile(prepared.file, 'utf8'));
        return client.backups.import(definition, await client.backups.planImport(definition, backup));
      },
      restorePoint: async () => {
        const previews = await client.restorePoints.preview(definition, prepared.point);
        return client.move(definition, previews, this.order);
      },
      history: () => this.backToHistory(before),
    };
  }

  /** A workflow that has ended is asked through a worker, which may be killed meanwhile. */
  private async repair(): Promise<void> {
    const { client, definition, signal } = this.world;
    const repaired = async (): Promise<boolean> => {
      await client.backups.repair(definition, await client.backups.planRepair(definition));
      return this.isWhole();
    };
    await waitUntil(repaired, { timeoutMs: TIMEOUT_MS, what: 'the repair of all rows', signal });
  }

  /** To where the history says that the mistaken move began. */
  private async backToHistory({ shards }: Backup): Promise<void> {
    const { client, definition } = this.world;
    for (const { shardId } of shards) {
      const entries = await client.history(definition, { shardId, limit: 5 });
      const move = entries.findLast(({ kind }) => kind === 'move');
      if (!move) throw new Error(`the history of ${shardId} does not have the move`);
      const previews = await client.previewMove(definition, { kind: 'rewind', shardId, to: move.from });
      await client.move(definition, previews, this.order);
    }
  }

  /** Everything that a consumer has in the table is there. */
  private async isWhole(): Promise<boolean> {
    const { client, definition } = this.world;
    const { registration, shards } = await client.backups.planRepair(definition);
    return registration === 'present' && shards.every(({ row, isKnown }) => row !== undefined && isKnown);
  }

  private async differences(round: Round, facts: DrillFacts): Promise<string[]> {
    const { prepared, before, lost, restored } = facts;
    const actual = standingsOf(before);
    const wanted = KNOWN_STANDINGS[round.source](actual, prepared) ?? actual;
    const ofLost = new Map([...wanted].filter(([shardId]) => lost.includes(shardId)));
    const kept = new Map([...actual].filter(([shardId]) => !lost.includes(shardId)));
    const whole = (await this.isWhole()) ? [] : ['something is still missing in the table'];
    if (round.source === 'running') return whole;
    const comparison = isExact(round) ? 'same' : round.source === 'repair' ? 'notBeyond' : 'notBehind';
    return [
      ...whole,
      ...compareStandings(restored, ofLost, comparison),
      ...compareStandings(restored, kept, 'notBehind'),
    ];
  }
}

interface DrillFacts {
  readonly prepared: Prepared;
  readonly before: Backup;
  readonly lost: readonly string[];
  readonly restored: Standings;
}

type Known = (actual: Standings, prepared: Prepared) => Standings | undefined;

const KNOWN_STANDINGS: Readonly<Record<Source, Known>> = {
  running: () => undefined,
  repair: (actual) => actual,
  rows: (actual) => actual,
  history: (actual) => actual,
  export: (_actual, { exported }) => exported,
  restorePoint: (_actual, { pointed }) => pointed,
};

/**
 * Terminated workflows know their finished slices only, and whoever was at work may still have committed. So does a workflow whose worker was
 * killed as it stopped: it did not tell of its last commits.
 */
function isExact({ losses, source, kill }: Round): boolean {
  if (source === 'running' || (source === 'repair' && kill !== undefined)) return false;
  return source === 'export' || !losses.includes('workflows');
}
