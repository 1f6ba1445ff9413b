import fc from 'fast-check';
import { mergeExpositions } from '../../../../src/cli/supervisor/merge-expositions';
import { processMetrics } from '../../../../src/cli/supervisor/process-metrics';
import { parseMetrics } from '../../../support/prometheus-text';

const ONE = `# HELP lag_seconds How late.
# TYPE lag_seconds gauge
lag_seconds{shard="a"} 1
lag_seconds{shard="b"} NaN
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{le="1"} 2
took_seconds_bucket{le="+Inf"} 3
took_seconds_sum 4.5
took_seconds_count 3
`;

describe('expositions of several processes', () => {
  it('become one: each metric once, with the samples of all processes', () => {
    const merged = mergeExpositions([
      { process: '1', text: ONE },
      {
        process: '2',
        text: '# HELP lag_seconds How late.\n# TYPE lag_seconds gauge\nlag_seconds{shard="c"} 7 1700\nup 1\n',
      },
    ]);
    expect(merged).toBe(`# HELP lag_seconds How late.
# TYPE lag_seconds gauge
lag_seconds{process="1",shard="a"} 1
lag_seconds{process="1",shard="b"} NaN
lag_seconds{process="2",shard="c"} 7 1700
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{process="1",le="1"} 2
took_seconds_bucket{process="1",le="+Inf"} 3
took_seconds_sum{process="1"} 4.5
took_seconds_count{process="1"} 3
up{process="2"} 1
`);
  });

  it('keep a label process of their own under another name, and leave values alone that look like one', () => {
    const text =
      'a{process="x"} 1\nb{k="v\\",process=\\"y",process="z"} 2\nc{k=",process=\\"",sub_process="q"} 3\nd{} 4\n';
    expect(mergeExpositions([{ process: '9', text }])).toBe(
      'a{process="9",exported_process="x"} 1\n' +
        'b{process="9",k="v\\",process=\\"y",exported_process="z"} 2\n' +
        'c{process="9",k=",process=\\"",sub_process="q"} 3\n' +
        'd{process="9"} 4\n',
    );
  });

  it('do not mix types', () => {
    const gauge = { process: '1', text: '# TYPE a gauge\na 1\n' };
    const histogram = { process: '2', text: '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n' };
    expect(mergeExpositions([gauge, histogram])).toBe('# TYPE a gauge\na{process="1"} 1\n');
  });

  it('are well-formed and complete, whatever the processes have', () => {
    const name = fc.constantFrom('a', 'b_total', 'c_seconds', 'd_sum');
    const label = fc.string({ unit: 'grapheme', maxLength: 5 });
    const family = fc.record({
      name,
      type: fc.constantFrom('counter', 'gauge', 'histogram', undefined),
      labels: fc.uniqueArray(label, { minLength: 1, maxLength: 4 }),
    });
    const exposition = fc.uniqueArray(family, { selector: (one) => one.name }).map((all) => all.map(write).join(''));
    fc.assert(
      fc.property(fc.array(exposition, { maxLength: 4 }), (texts) => {
        const merged = mergeExpositions(texts.map((text, index) => ({ process: String(index + 1), text })));
        expect(faultsOf(merged)).toEqual([]);
        const samples = parseMetrics(merged).map(({ name, labels: { process, k, le } }) => [process, name, k, le]);
        const sources = texts.flatMap((text, index) =>
          parseMetrics(text).map(({ name, labels: { k, le } }) => [String(index + 1), name, k, le]),
        );
        expect(samples.length).toBeLessThanOrEqual(sources.length);
        for (const sample of samples) expect(sources).toContainEqual(sample);
        expect(new Set(samples.map((sample) => JSON.stringify(sample))).size).toBe(samples.length);
      }),
    );
  });

  it('are preceded by what the supervisor knows', () => {
    const text = processMetrics([
      { process: '1', isUp: true, restarts: 0 },
      { process: '2', isUp: false, restarts: 3 },
    ]);
    expect(faultsOf(text)).toEqual([]);
    expect(parseMetrics(text).map(({ name, labels, value }) => [name, labels.process, value])).toEqual([
      ['tidemark_process_up', '1', 1],
      ['tidemark_process_up', '2', 0],
      ['tidemark_process_restarts_total', '1', 0],
      ['tidemark_process_restarts_total', '2', 3],
    ]);
  });
});

function write({ name, type, labels }: { name: string; type: string | undefined; labels: readonly string[] }): string {
  const head = type === undefined ? '' : `# HELP ${name} h\n# TYPE ${name} ${type}\n`;
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  const samples = labels.flatMap((text) =>
    suffixes.map(
      (suffix) => `${name}${suffix}{k=${JSON.stringify(text)}${suffix === '_bucket' ? ',le="+Inf"' : ''}} 1\n`,
    ),
  );
  return head + samples.join('');
}

/** What Prometheus would refuse: a metric that comes twice or in pieces, a head that comes twice or late. */
function faultsOf(text: string): string[] {
  const faults: string[] = [];
  const closed = new Set<string>();
  const heads = new Set<string>();
  let current: string | undefined;
  let isHistogram = false;
  const enter = (name: string): void => {
    if (name === current) return;
    if (current !== undefined) closed.add(current);
    if (closed.has(name)) faults.push(`${name} comes in pieces`);
    current = name;
    isHistogram = false;
  };
  for (const line of text.split('\n').slice(0, -1)) {
    const [, kind, head = '', type] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === undefined) {
      const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0] ?? '';
      const base = isHistogram ? name.replace(/_(bucket|sum|count)$/, '') : name;
      enter(base === current ? base : name);
      if (!/^\w+\{process="[^"]+"(,\w+="(?:[^"\\\n]|\\.)*")*\} \S+$/.test(line)) faults.push(line);
    } else {
      enter(head);
      if (heads.has(`${kind} ${head}`)) faults.push(`${kind} of ${head} comes twice`);
      heads.add(`${kind} ${head}`);
      isHistogram ||= type === 'histogram';
    }
  }
  return faults;
}
