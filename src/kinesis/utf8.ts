import { isUtf8 } from 'node:buffer';

const REPLACEMENT = '\ufffd';

/** Node has it, and does not document it: `toString` once it has found the name of the encoding, which took a tenth of a page's time. */
interface Slicing {
  utf8Slice?(start: number, end: number): string;
}

const hasSlice = (Buffer.prototype as Slicing).utf8Slice !== undefined;

const slice: (bytes: Buffer, start: number, end: number) => string = hasSlice
  ? (bytes, start, end) => (bytes as Buffer & Required<Slicing>).utf8Slice(start, end)
  : (bytes, start, end) => bytes.toString('utf8', start, end);

/** The text of a range that lies within the bytes; undefined where it is not UTF-8. */
export function utf8Of(bytes: Buffer, start: number, end: number): string | undefined {
  const text = slice(bytes, start, end);
  return text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end)) ? undefined : text;
}
