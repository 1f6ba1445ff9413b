import { isObject, type JsonObject } from './json-request';

/** Shard iterators and NextTokens: opaque to clients, and never equal for two calls. */
let minted = 0;

export function sealToken(kind: string, content: JsonObject): string {
  minted += 1;
  const json = JSON.stringify({ kind, minted, ...content });
  return `AAAAAAAAAAE${Buffer.from(json).toString('base64').split('').reverse().join('')}`;
}

/** `undefined` for a token of another kind or of no kind at all. */
export function openToken(kind: string, token: string): JsonObject | undefined {
  const encoded = token.slice('AAAAAAAAAAE'.length).split('').reverse().join('');
  try {
    const content: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
    return isObject(content) && content['kind'] === kind ? content : undefined;
  } catch {
    return undefined;
  }
}
