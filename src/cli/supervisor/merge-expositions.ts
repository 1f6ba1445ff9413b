/** What one process shows to Prometheus, in the text format 0.0.4. */
export interface ProcessExposition {
  readonly process: string;
  readonly text: string;
}

interface Family {
  help: string | undefined;
  type: string | undefined;
  readonly samples: string[];
}

/** Parts of a metric that stand under the metric's own name. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};

/**
 * One exposition of several: each metric once, with the samples of every process under a label `process`. A process whose metric is of
 * another type than in those before it is left out of that metric.
 */
export function mergeExpositions(expositions: readonly ProcessExposition[]): string {
  const families = new Map<string, Family>();
  for (const { process, text } of expositions) {
    for (const [name, family] of parseFamilies(text)) addFamily(families, name, family, process);
  }
  return [...families].map(([name, family]) => formatFamily(name, family)).join('');
}

function addFamily(families: Map<string, Family>, name: string, family: Family, process: string): void {
  const known = families.get(name) ?? { help: family.help, type: family.type, samples: [] };
  families.set(name, known);
  if (known.type !== family.type) return;
  for (const sample of family.samples) known.samples.push(withProcess(sample, process));
}

function parseFamilies(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const familyOf = (name: string): Family => {
    const family = families.get(name) ?? { help: undefined, type: undefined, samples: [] };
    families.set(name, family);
    return family;
  };
  for (const line of text.split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (kind === 'HELP') familyOf(name).help = rest;
    else if (kind === 'TYPE') familyOf(name).type = rest;
    else if (line !== '' && !line.startsWith('#')) familyOf(familyNameOf(line, families)).samples.push(line);
  }
  return families;
}

function familyNameOf(sample: string, families: ReadonlyMap<string, Family>): string {
  const name = sample.slice(0, sample.search(/[{\s]|$/));
  const suffix = /_(?:bucket|sum|count)$/.exec(name)?.[0];
  if (suffix === undefined) return name;
  const base = name.slice(0, -suffix.length);
  return SUFFIXES[families.get(base)?.type ?? '']?.includes(suffix) ? base : name;
}

/** A label `process` that the sample has already is kept as Prometheus keeps it: `exported_process`. */
function withProcess(sample: string, process: string): string {
  const label = `process="${escapeLabel(process)}"`;
  const brace = /^[^\s{]*\{/.exec(sample)?.[0];
  if (brace === undefined) return sample.replace(/^\S+/, (name) => `${name}{${label}}`);
  const rest = sample.slice(brace.length).replace(OWN_PROCESS_LABEL, '$1exported_process="');
  return `${brace}${label}${rest.startsWith('}') ? '' : ','}${rest}`;
}

/** At a label's place only: values are passed over, with their escapes. */
const OWN_PROCESS_LABEL = /^((?:\s*\w+="(?:[^"\\]|\\.)*"\s*,)*\s*)process="/;

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function formatFamily(name: string, { help, type, samples }: Family): string {
  if (samples.length === 0) return '';
  const head = [
    ...(help === undefined ? [] : [`# HELP ${name} ${help}`]),
    ...(type === undefined ? [] : [`# TYPE ${name} ${type}`]),
  ];
  return [...head, ...samples].map((line) => `${line}\n`).join('');
}
