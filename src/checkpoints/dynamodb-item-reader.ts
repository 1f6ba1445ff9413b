import { TidemarkError } from '../core/errors';
import { parsePosition, type Position } from '../core/positions';

/** An item of the table in plain JavaScript values. */
export type PlainItem = Readonly<Record<string, unknown>>;

/**
 * Reads attributes of one item, each of which must be of the expected kind.
 * @throws `CHECKPOINT_DAMAGED` that names the item's key and the attribute.
 */
export class ItemReader {
  constructor(
    private readonly item: PlainItem,
    private readonly key: { readonly pk: string; readonly sk: string },
    private readonly path = '',
  ) {}

  text(name: string): string {
    const value = this.item[name];
    return typeof value === 'string' ? value : this.damaged(name, 'a string');
  }

  optionalText(name: string): string | undefined {
    return this.item[name] === undefined ? undefined : this.text(name);
  }

  texts(name: string): string[] {
    const value = this.item[name];
    return Array.isArray(value) && value.every((element) => typeof element === 'string')
      ? value
      : this.damaged(name, 'a list of strings');
  }

  count(name: string): number {
    const value = this.item[name];
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : this.damaged(name, 'a whole number');
  }

  optionalNumber(name: string): number | undefined {
    const value = this.item[name];
    if (value === undefined) return undefined;
    return typeof value === 'number' && Number.isFinite(value) ? value : this.damaged(name, 'a number');
  }

  flag(name: string): boolean {
    const value = this.item[name];
    return typeof value === 'boolean' ? value : this.damaged(name, 'true or false');
  }

  /** Epoch milliseconds of an ISO 8601 time. */
  timeMs(name: string): number {
    const ms = Date.parse(this.text(name));
    return Number.isNaN(ms) ? this.damaged(name, 'an ISO 8601 time') : ms;
  }

  optionalTimeMs(name: string): number | undefined {
    return this.item[name] === undefined ? undefined : this.timeMs(name);
  }

  position(name: string): Position {
    return parsePosition(this.item[name]) ?? this.damaged(name, 'a position');
  }

  map(name: string): ItemReader {
    const value = this.item[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.damaged(name, 'a map');
    return new ItemReader(value as PlainItem, this.key, `${this.path}${name}.`);
  }

  expectSchema(schema: number): void {
    if (this.item.schema !== schema) this.damaged('schema', `${schema}: another version of Tidemark wrote the row`);
  }

  private damaged(name: string, expected: string): never {
    throw damagedItem(this.key, `attribute ${this.path}${name} is not ${expected}`);
  }
}

export function damagedItem(key: { readonly pk: string; readonly sk: string }, problem: string): TidemarkError {
  return new TidemarkError('CHECKPOINT_DAMAGED', `A row of the checkpoint table cannot be read: ${problem}`, {
    context: { pk: key.pk, sk: key.sk },
    // Checkpoints are written again from what Temporal knows; nothing else knows a dead letter.
    hint: key.sk.startsWith('dead') ? 'The row is a dead letter: repair or delete it.' : undefined,
  });
}
