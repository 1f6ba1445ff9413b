import { TidemarkError } from './errors';
import type { Position } from './positions';
import { parsePositionText } from './position-text';

/** Reads one object of a backup file, each value of which must be of the expected kind. @throws `BACKUP_INVALID` that names the place */
export class BackupReader {
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(
    value: unknown,
    private readonly path = '',
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path || 'file', 'an object');
    this.values = value as Readonly<Record<string, unknown>>;
  }

  get names(): string[] {
    return Object.keys(this.values);
  }

  has(name: string): boolean {
    return this.values[name] !== undefined && this.values[name] !== null;
  }

  /** What `read` gives for a value that is there; nothing to spread for one that is not. */
  optional<K extends string, T>(name: string, key: K, read: (name: string) => T): { readonly [P in K]?: T } {
    return this.has(name) ? ({ [key]: read(name) } as { readonly [P in K]?: T }) : {};
  }

  readonly text = (name: string): string => {
    const value = this.values[name];
    return typeof value === 'string' ? value : this.damaged(name, 'a text');
  };

  readonly count = (name: string): number => {
    const value = this.values[name];
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    return isCount ? value : this.damaged(name, 'a whole number');
  };

  readonly flag = (name: string): boolean => {
    const value = this.values[name];
    return typeof value === 'boolean' ? value : this.damaged(name, 'true or false');
  };

  /** Epoch milliseconds of an ISO 8601 time. */
  readonly timeMs = (name: string): number => {
    const ms = Date.parse(this.text(name));
    return Number.isNaN(ms) ? this.damaged(name, 'an ISO 8601 time') : ms;
  };

  readonly position = (name: string): Position => {
    const words = 'a position: TRIM_HORIZON, AT <time>, FROM or AFTER <sequence number> or SHARD_END';
    return parsePositionText(this.text(name)) ?? this.damaged(name, words);
  };

  readonly object = (name: string): BackupReader => new BackupReader(this.values[name], `${this.path}${name}.`);

  list(name: string): readonly unknown[] {
    const value = this.values[name];
    return Array.isArray(value) ? value : this.damaged(name, 'a list');
  }

  texts(name: string): readonly string[] {
    const values = this.list(name);
    return values.every((value) => typeof value === 'string') ? values : this.damaged(name, 'a list of texts');
  }

  objects(name: string): BackupReader[] {
    return this.list(name).map((value, index) => new BackupReader(value, `${this.path}${name}[${index}].`));
  }

  damaged(name: string, expected: string): never {
    throw invalid(`${this.path}${name}`, expected);
  }
}

function invalid(where: string, expected: string): TidemarkError {
  return new TidemarkError(
    'BACKUP_INVALID',
    `The backup cannot be read: ${where.replace(/\.$/, '')} is not ${expected}`,
  );
}
