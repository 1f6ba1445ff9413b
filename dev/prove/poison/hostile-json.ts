/** JSON that breaks parsers and those who trust what they have parsed. */

const DEPTH = 20_000;

export const HOSTILE_VARIANTS = 5;

export function canaryText(canary: string): string {
  return `${canary} is nobody else's business, ${canary}`;
}

/** A lone surrogate as bytes: no UTF-8. */
const LONE_SURROGATE = '\xed\xa0\x80';

/** Variant 0 is no JSON at all; the others are JSON that the handler chokes on. */
export function hostilePayload(head: object, canary: string, variant: number): Buffer {
  return Buffer.from(hostileText(head, canary, variant), 'latin1');
}

function hostileText(head: object, canary: string, variant: number): string {
  const nested = (text: string): string => JSON.stringify({ ...head, nested: text });
  switch (variant) {
    case 0:
      return `{"n":${canary}`;
    case 1:
      return nested(`${'['.repeat(DEPTH)}${canary}`);
    case 2:
      return withPrototype(nested(`{"__proto__":${canary}}`), canary);
    case 3:
      return nested(`"\\ud800" ${canary}`).replace('"n":', `"\\udfff":"${LONE_SURROGATE}","n":`);
    default:
      return JSON.stringify(head).replace(/\}$/, `,"deep":${'['.repeat(DEPTH)}"${canary}"${']'.repeat(DEPTH)}}`);
  }
}

function withPrototype(json: string, canary: string): string {
  return json.replace(
    '{',
    `{"__proto__":{"polluted":"${canary}"},"constructor":{"prototype":{"polluted":"${canary}"}},`,
  );
}

export interface HostileValue {
  readonly nested?: string;
  readonly deep?: unknown;
}

/** What a handler does that trusts the value. */
export function trust({ nested, deep }: HostileValue): never {
  if (nested !== undefined) JSON.parse(nested);
  throw new Error(`of depth ${depthOf(deep)}`);
}

function depthOf(value: unknown): number {
  return Array.isArray(value) ? 1 + Math.max(...value.map(depthOf)) : 0;
}
