import type { Client } from '@temporalio/client';
import { createConsumerServices, type ConsumerServices } from '../aws/consumer-services';
import { RestorePoints } from '../checkpoints/restore-points';
import { checkCheckpointTable } from '../checkpoints/table';
import type { Backup } from '../core/backup';
import type { StreamIncarnation } from '../core/names';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { assertStopped } from './assert-stopped';
import { incarnationOf } from './dead-letter-table';
import { exportHistory, importHistory, type ImportedHistory } from './export-history';
import { planRestorePoints } from './import-restore-points';
import { backupFromText, backupToText } from './backup-file';
import { exportConsumer } from './export-consumer';
import { applyImport, assertSameStream, planImportOf, type ImportPlan, type ImportResult } from './import-consumer';
import { readKclBackup, type KclOptions } from './kcl-backup';
import { applyRepair, planRepair, type RepairPlan, type RepairResult } from './repair-consumer';
import { withServices } from './with-services';

export interface ExportOptions {
  /** Open letters and those of parked partition keys with their payloads; otherwise they are counted only. */
  readonly deadLetters?: boolean;
}

export interface ImportOptions {
  /** Whether rows that stand elsewhere are overwritten. */
  readonly replace?: boolean;
}

/** Checkpoints of consumers as files, and what to do after a loss. */
export class BackupsClient {
  constructor(private readonly temporal: Client) {}

  /** Everything that the table holds of a consumer. The consumer may run. @throws `STREAM_NOT_FOUND`, `TABLE_NOT_FOUND` … */
  async export(consumer: ConsumerDefinition, { deadLetters = false }: ExportOptions = {}): Promise<Backup> {
    return this.withStream(consumer, (services, stream) =>
      exportConsumer({ ...services, points: pointsOf(services, consumer) }, stream, {
        withLetters: deadLetters,
        nowMs: Date.now(),
      }),
    );
  }

  /** The file of a backup, JSON; docs/backups.md describes it. */
  toText(backup: Backup): string {
    return backupToText(backup);
  }

  /** @throws `BACKUP_INVALID` that names what is wrong and where */
  fromText(text: string): Backup {
    return backupFromText(text);
  }

  /**
   * The positions of an application of the Kinesis Client Library, to be imported.
   * @throws `CONSUMER_RUNNING` while KCL renews its leases, `INVALID_OPTION` for a shard that it never committed, `BACKUP_INVALID`,
   * `BACKUP_MISMATCH`, `TABLE_NOT_FOUND` …
   */
  async fromKcl(consumer: ConsumerDefinition, options: KclOptions): Promise<Backup> {
    return withServices(consumer, (services) => readKclBackup(services, consumer.options, options));
  }

  /**
   * What an import would do. Nothing is written.
   * @throws `CONSUMER_RUNNING`, and `BACKUP_MISMATCH` for another consumer, stream or incarnation
   */
  async planImport(
    consumer: ConsumerDefinition,
    backup: Backup,
    { replace = false }: ImportOptions = {},
  ): Promise<ImportPlan> {
    return this.withStream(consumer, async (services, stream) => {
      await this.assertImportable(backup, stream);
      const points = pointsOf(services, consumer);
      const restorePoints = await planRestorePoints(points, backup, Date.now());
      return { ...(await planImportOf(services, backup, replace)), restorePoints };
    });
  }

  /**
   * Carries out a plan. Rows are written only over what the plan saw: absent, or by their tokens. Can be repeated with a new plan.
   * @throws what `planImport` throws
   */
  async import(consumer: ConsumerDefinition, plan: ImportPlan): Promise<ImportResult> {
    return this.withStream(consumer, async (services, stream) => {
      await this.assertImportable(plan.backup, stream);
      return applyImport(services, consumer.options.tableName, plan);
    });
  }

  /** What is missing in the table, and what of it workflows still know. The consumer may run. Nothing is written. */
  async planRepair(consumer: ConsumerDefinition): Promise<RepairPlan> {
    return this.withStream(consumer, (services, stream) => planRepair(this.temporal, services, stream));
  }

  /** Writes what a plan found missing; what has come back meanwhile is left as it is. */
  async repair(consumer: ConsumerDefinition, plan: RepairPlan): Promise<RepairResult> {
    return this.withStream(consumer, (services) => applyRepair(services, plan));
  }

  /**
   * The history of the checkpoints as lines of JSON, without their ends, to be written into a file: a page of it is in memory at a time. The
   * consumer may run.
   */
  async *exportHistory(consumer: ConsumerDefinition): AsyncGenerator<string> {
    const services = createConsumerServices(consumer.options);
    try {
      await checkCheckpointTable(services.dynamodb, consumer.options.tableName);
      yield* exportHistory(services, await incarnationOf(consumer, services), Date.now());
    } finally {
      services.close();
    }
  }

  /**
   * Writes the entries of a history that the table does not have; those that it has stay as they are. The consumer may run.
   * @param lines what `exportHistory` gave
   * @throws `BACKUP_INVALID` that names the line, `BACKUP_MISMATCH`
   */
  async importHistory(
    consumer: ConsumerDefinition,
    lines: AsyncIterable<string> | Iterable<string>,
  ): Promise<ImportedHistory> {
    const { historyTtlMs: ttlMs } = consumer.options;
    return this.withStream(consumer, (services, stream) =>
      importHistory(services, stream, lines, { ttlMs, nowMs: Date.now() }),
    );
  }

  private async assertImportable(backup: Backup, stream: StreamIncarnation): Promise<void> {
    assertSameStream(backup, stream);
    await assertStopped(
      this.temporal,
      stream,
      backup.shards.map(({ shardId }) => shardId),
    );
  }

  private async withStream<T>(
    consumer: ConsumerDefinition,
    action: (services: ConsumerServices, stream: StreamIncarnation) => Promise<T>,
  ): Promise<T> {
    return withServices(consumer, async (services) => {
      await checkCheckpointTable(services.dynamodb, consumer.options.tableName);
      return action(services, await incarnationOf(consumer, services));
    });
  }
}

function pointsOf({ dynamodb }: ConsumerServices, { options }: ConsumerDefinition): RestorePoints {
  return new RestorePoints(dynamodb, options.tableName);
}
