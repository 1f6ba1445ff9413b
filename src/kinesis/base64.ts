/** The bytes of plain base64; undefined if the text is something else. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === decodedLength(text) ? bytes : undefined;
}

/** NaN of what cannot be base64. Node skips characters that are none, and then decodes less than this. */
export function decodedLength(text: string): number {
  if (text.length % 4 !== 0) return Number.NaN;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor(((text.length - padding) * 3) / 4);
}
