/** The items of a restore point: a head, and parts that only their own head makes count. */
import { restorePointKey, type StreamIncarnation } from '../core/names';
import { parsePosition, type Position } from '../core/positions';
import type { ItemKey } from './dynamodb-items';
import { damagedItem, ItemReader, type PlainItem } from './dynamodb-item-reader';
import type { RestorePoint } from './restore-points';
import { TIME_TO_LIVE_ATTRIBUTE } from './table';

const SCHEMA = 1;

/** Items by their sort keys. */
export type ItemsOfPoints = ReadonlyMap<string, PlainItem>;

/**
 * The head, which names the point's id and how many parts it has, and the parts after it. Their keys have the id: another point of the
 * same name has others.
 */
export function toRestorePointItems(
  stream: StreamIncarnation,
  point: RestorePoint,
  id: string,
  shardsPerItem: number,
): { readonly head: PlainItem; readonly parts: readonly PlainItem[] } {
  const positions = [...point.positions];
  const count = Math.max(1, Math.ceil(positions.length / shardsPerItem));
  const itemOf = (part: number): PlainItem => ({
    ...restorePointKey(stream, point.name, part, id),
    ...toAttributes(point),
    id,
    parts: count,
    positions: Object.fromEntries(positions.slice(part * shardsPerItem, (part + 1) * shardsPerItem)),
  });
  return { head: itemOf(0), parts: Array.from({ length: count - 1 }, (_, index) => itemOf(index + 1)) };
}

function toAttributes({ name, atMs, by, reason, expiresAtMs }: RestorePoint): PlainItem {
  return {
    schema: SCHEMA,
    name,
    at: new Date(atMs).toISOString(),
    by,
    reason,
    [TIME_TO_LIVE_ATTRIBUTE]: expiresAtMs === undefined ? undefined : Math.ceil(expiresAtMs / 1_000),
  };
}

/** Points of which all items are there; neither those that have expired, nor what a crash has left of others. */
export function toRestorePoints(stream: StreamIncarnation, items: ItemsOfPoints, nowMs: number): RestorePoint[] {
  return [...items].flatMap(([sk, item]) => {
    const key = { pk: restorePointKey(stream, '', 0).pk, sk };
    const name = new ItemReader(item, key).text('name');
    if (sk !== restorePointKey(stream, name, 0).sk || isExpired(item, nowMs)) return [];
    const point = wholePoint(stream, items, key);
    return point ? [point] : [];
  });
}

/** A point of which something is there, but not all. */
export interface IncompletePoint {
  readonly name: string;
  readonly atMs: number;
  readonly by: string;
  /** Items that are there. */
  readonly items: number;
}

/** How long a creation may be under way, milliseconds: far above what writing its items takes. */
const CREATION_LIMIT_MS = 600_000;

/** Whether no creation that is still under way can have written it. */
export function isLeftover(item: PlainItem, nowMs: number): boolean {
  return isExpired(item, nowMs) || Date.parse(String(item.at)) < nowMs - CREATION_LIMIT_MS;
}

/** Names of which there are items, but no whole point. Those of a creation under way are not told apart from what a crash has left. */
export function toIncompletePoints(stream: StreamIncarnation, items: ItemsOfPoints, nowMs: number): IncompletePoint[] {
  const whole = new Set(toRestorePoints(stream, items, nowMs).map(({ name }) => name));
  const found = new Map<string, IncompletePoint>();
  for (const [sk, item] of items) {
    const reader = new ItemReader(item, { pk: restorePointKey(stream, '', 0).pk, sk });
    const name = reader.text('name');
    if (whole.has(name) || isExpired(item, nowMs)) continue;
    const count = (found.get(name)?.items ?? 0) + 1;
    found.set(name, { name, atMs: reader.timeMs('at'), by: reader.text('by'), items: count });
  }
  return [...found.values()];
}

/** DynamoDB deletes expired items when it gets to it: hours or days later. */
export function isExpired(item: PlainItem, nowMs: number): boolean {
  const expiresAt = item[TIME_TO_LIVE_ATTRIBUTE];
  return typeof expiresAt === 'number' && expiresAt <= toSeconds(nowMs);
}

export function toSeconds(ms: number): number {
  return Math.floor(ms / 1_000);
}

function wholePoint(stream: StreamIncarnation, items: ItemsOfPoints, key: ItemKey): RestorePoint | undefined {
  const head = items.get(key.sk) ?? {};
  const reader = new ItemReader(head, key);
  reader.expectSchema(SCHEMA);
  const name = reader.text('name');
  // Points of the first days have none, and parts without it.
  const id = reader.optionalText('id');
  const positions = new Map(positionsOf(head, key));
  for (let part = 1; part < reader.count('parts'); part += 1) {
    const partKey = restorePointKey(stream, name, part, id);
    const item = items.get(partKey.sk);
    if (item === undefined) return undefined;
    for (const [shardId, position] of positionsOf(item, partKey)) positions.set(shardId, position);
  }
  const reason = reader.optionalText('reason');
  const expiresAt = reader.optionalNumber(TIME_TO_LIVE_ATTRIBUTE);
  return {
    name,
    atMs: reader.timeMs('at'),
    by: reader.text('by'),
    ...(reason === undefined ? {} : { reason }),
    ...(expiresAt === undefined ? {} : { expiresAtMs: expiresAt * 1_000 }),
    positions,
  };
}

function positionsOf({ positions }: PlainItem, key: ItemKey): (readonly [string, Position])[] {
  return Object.entries(positions ?? {}).map(([shardId, value]) => {
    const position = parsePosition(value);
    if (position === undefined) throw damagedItem(key, `the position of ${shardId} is none`);
    return [shardId, position] as const;
  });
}
