import { CborReader } from './cbor-reader';

/** The texts of an error's answer in CBOR: `__type`, `message`. Empty if it cannot be read. */
export function decodeCborError(body: Buffer): Record<string, string> {
  const texts: Record<string, string> = {};
  try {
    const reader = new CborReader([body]);
    for (let left = reader.openMap(); reader.hasMore(left); left -= 1) {
      const name = reader.text();
      const text = reader.textOrSkip();
      if (text !== undefined) texts[name] = text;
    }
  } catch {
    return {};
  }
  return texts;
}
