import type { RecordView } from './reporter';

/** Records whose payload is bytes, as an SDK gives them. */
export function viewBytes<Item>(bytesOf: (item: Item) => Uint8Array): RecordView<Item> {
  return {
    size: (item) => bytesOf(item).byteLength,
    parse: (item) => {
      const { buffer, byteOffset, byteLength } = bytesOf(item);
      return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')) as unknown;
    },
  };
}
