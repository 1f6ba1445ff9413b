const HALF_FLOAT = 0xf9;
const FLOAT = 0xfa;
const DOUBLE = 0xfb;

/** Bytes of a float behind this first one; undefined if it begins something else. */
export function floatWidth(initial: number): number | undefined {
  if (initial === DOUBLE) return 8;
  if (initial === FLOAT) return 4;
  return initial === HALF_FLOAT ? 2 : undefined;
}

export function readFloat(bytes: Buffer, start: number, width: number): number {
  if (width === 8) return bytes.readDoubleBE(start);
  return width === 4 ? bytes.readFloatBE(start) : halfOf(bytes.readUInt16BE(start));
}

/** A float of 16 bits: sign, five bits of exponent, ten of fraction. */
function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1_023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1_024 + fraction) * 2 ** (exponent - 25);
}
