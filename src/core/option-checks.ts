/** What the checks of options share. */

export function unknownOptions(given: object, known: readonly string[], prefix: string): string[] {
  return Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => `Unknown option \`${prefix}${key}\`: known are ${known.join(', ')}`);
}

export function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}

export function oneOf<T>(value: unknown, values: readonly T[]): T | undefined {
  return values.find((candidate) => candidate === value);
}

/** A value as an error message shows it: short, with its type, and never the inside of an object. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return '`null`';
  return isPrimitive(value) ? `\`${String(value).slice(0, 100)}\` (${typeof value})` : typeOf(value);
}

function isPrimitive(value: unknown): value is string | number | bigint | boolean | symbol {
  return typeof value !== 'object' && typeof value !== 'function';
}

export function typeOf(value: unknown): string {
  return `a value of type ${value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value}`;
}

export function isWholeBetween(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
