/** Control characters, and those that change the direction of text or break lines: they let data forge or hide what is printed. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu');

/** One line of text from data, safe to print: unsafe characters as `\u{7}`. */
export function printable(text: string): string {
  return text.replace(UNSAFE_ALL, (character) => `\\u{${character.codePointAt(0)?.toString(16).toUpperCase()}}`);
}

/** A payload as people read it: UTF-8 text if all of it may be printed, else undefined. Lines and tabs are kept. */
export function asText(data: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
    const lines = text.replaceAll('\r\n', '\n');
    return UNSAFE.test(lines.replaceAll(/[\n\t]/g, '')) ? undefined : lines;
  } catch {
    return undefined;
  }
}
