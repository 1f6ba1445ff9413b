/**
 * A scripted sequence number: 56 digits, `49` + incarnation (10) + ordinal (28) + shard index (12) + `0002`.
 * The ordinal grows over the whole stream, so numbers rise within a shard and from parent to child; the incarnation
 * and the shard index make a number of another shard or stream recognisable, as AWS's own bits do.
 */
export interface SequenceParts {
  readonly incarnation: number;
  readonly ordinal: number;
  readonly shardIndex: number;
}

const PREFIX = '49';
const SUFFIX = '0002';
const LAYOUT = /^49(\d{10})(\d{28})(\d{12})0002$/;

export function formatSequenceNumber({ incarnation, ordinal, shardIndex }: SequenceParts): string {
  const digits = (value: number, width: number): string => String(value).padStart(width, '0');
  return `${PREFIX}${digits(incarnation, 10)}${digits(ordinal, 28)}${digits(shardIndex, 12)}${SUFFIX}`;
}

/** `undefined` for a number this server cannot have minted. */
export function parseSequenceNumber(text: string): SequenceParts | undefined {
  const match = LAYOUT.exec(text);
  if (match === null) return undefined;
  return { incarnation: Number(match[1]), ordinal: Number(match[2]), shardIndex: Number(match[3]) };
}
