/** A stream as the user names it, taken apart. */
export interface StreamRef {
  readonly streamName: string;
  /** Only if the user gave an ARN. */
  readonly streamArn?: string;
  readonly region?: string;
}

const STREAM_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const STREAM_ARN = /^arn:[a-z0-9-]+:kinesis:([a-z0-9-]+):\d{12}:stream\/([A-Za-z0-9_.-]{1,128})$/;

/** A stream name (1 to 128 letters, digits, `_.-`) or a stream ARN; undefined if it is neither. */
export function parseStream(stream: unknown): StreamRef | undefined {
  if (typeof stream !== 'string') return undefined;
  if (STREAM_NAME.test(stream)) return { streamName: stream };
  const [, region, streamName] = STREAM_ARN.exec(stream) ?? [];
  return region && streamName ? { streamName, streamArn: stream, region } : undefined;
}
