const MARK = '//# sourceMappingURL=data:application/json';

/**
 * A workflow bundle without the text of its sources in its source map: every worker reads, parses and copies the map as it starts, and stack
 * traces need only where a line comes from.
 */
export function slimBundle(code: string): string {
  const begin = code.lastIndexOf(MARK);
  const [, base64] = /base64,([A-Za-z0-9+/=]+)/.exec(code.slice(begin)) ?? [];
  if (begin < 0 || base64 === undefined) throw new Error('The workflow bundle has no source map at its end');
  const { sourcesContent: _texts, ...map } = JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as {
    sourcesContent?: unknown;
  };
  const slim = Buffer.from(JSON.stringify(map)).toString('base64');
  return `${code.slice(0, begin)}${MARK};charset=utf-8;base64,${slim}`;
}
