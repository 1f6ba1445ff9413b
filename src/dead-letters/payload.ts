import { damagedItem, ItemReader, type PlainItem } from '../checkpoints/dynamodb-item-reader';
import type { ItemKey } from '../checkpoints/dynamodb-items';
import type { DeadLetterHead } from '../core/dead-letter';
import { letterKey, partKey } from './letter-items';

/** The payload that a head holds, or how many parts it has. @throws `CHECKPOINT_DAMAGED` */
export function payloadOf(item: PlainItem, key: ItemKey): { readonly data: Uint8Array } | { readonly parts: number } {
  const read = new ItemReader(item, key);
  if (item.parts !== undefined) return { parts: read.count('parts') };
  const { payload } = item;
  if (!isBytes(payload)) throw damagedItem(key, 'attribute payload is not binary');
  checkLength(key, payload.byteLength, read.count('bytes'));
  return { data: payload };
}

/** @throws `CHECKPOINT_DAMAGED` where a part is missing or of another length */
export function joinParts(head: DeadLetterHead, parts: readonly (PlainItem | undefined)[]): Uint8Array {
  const slices = parts.map((item, part) => {
    if (!isBytes(item?.payload)) {
      const expiry = head.expiresAtMs === undefined ? '' : `; it expires ${new Date(head.expiresAtMs).toISOString()}`;
      throw damagedItem(partKey(head, part), `part ${part + 1} of ${parts.length} of its payload is missing${expiry}`);
    }
    return item.payload;
  });
  const data = Buffer.concat(slices);
  checkLength(letterKey(head), data.byteLength, head.bytes);
  return data;
}

function checkLength(key: ItemKey, found: number, expected: number): void {
  if (found !== expected) throw damagedItem(key, `its payload has ${found} bytes instead of ${expected}`);
}

function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'byteLength' in value;
}
