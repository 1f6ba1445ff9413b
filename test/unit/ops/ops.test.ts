import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { processMetricDefinitions } from '../../../src/cli/supervisor/process-metrics';
import { metricDefinitions, type MetricDefinition } from '../../../src/metrics/definitions';

const ROOT = path.resolve(__dirname, '../../..');
const ALERTS = read('ops/prometheus/alerts.yml');
const MONITORING = read('docs/monitoring.md');

/** What a scrape has: histograms are three names. */
const exported = new Set(
  Object.entries<MetricDefinition>(metricDefinitions).flatMap(([name, { kind }]) =>
    kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
  ),
);
const alerts = [...ALERTS.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

function metricsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\btidemark_\w+/g)].map(([name]) => name))];
}

describe('metrics', () => {
  it.each(Object.entries<MetricDefinition>(metricDefinitions))(
    '%s is named as Prometheus wants it',
    (name, definition) => {
      expect(name).toMatch(/^tidemark_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(definition.kind === 'counter');
      if (definition.unit === 's') expect(name).toMatch(/_seconds$/);
      expect(definition.help).toMatch(/^[A-Z1].*\.$/);
    },
  );

  it.each(Object.entries<MetricDefinition>(metricDefinitions))(
    '%s is in docs/monitoring.md, with its labels',
    (name, { labels }) => {
      const row = MONITORING.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
      const cells = row.split('|').map((cell) => cell.trim());
      expect(cells[2] === '' ? [] : cells[2]?.split(', ').map((label) => label.replaceAll('`', ''))).toEqual(labels);
    },
  );

  it.each(Object.entries(processMetricDefinitions))(
    '%s of the supervisor is in docs/monitoring.md',
    (name, { help }) => {
      expect(MONITORING).toMatch(new RegExp(`^\\| \`${name}\` +\\| \`process\` .*${help}`, 'm'));
    },
  );

  it('that do not exist are not in docs/monitoring.md', () => {
    const known = (name: string): boolean =>
      name in metricDefinitions || name in processMetricDefinitions || exported.has(name);
    expect(metricsIn(MONITORING).filter((name) => !known(name))).toEqual([]);
  });
});

describe('the alert rules', () => {
  it('use only metrics that there are', () => {
    expect(metricsIn(ALERTS).filter((name) => !exported.has(name))).toEqual([]);
    expect(metricsIn(ALERTS).length).toBeGreaterThan(10);
  });

  it('use only recorded series that are recorded', () => {
    const recorded = [...ALERTS.matchAll(/- record: (\S+)/g)].map(([, name]) => name);
    const used = [...ALERTS.matchAll(/\btidemark:\w+/g)].map(([name]) => name);
    expect(used.filter((name) => !recorded.includes(name))).toEqual([]);
  });

  it.each(alerts)('%s has a runbook that says what to do', (alert) => {
    expect(ALERTS).toContain(`runbook: docs/runbooks/${alert}.md`);
    const page = read(`docs/runbooks/${alert}.md`);
    const sections = ['What it means', 'Impact', 'What to look at', 'What to do'];
    expect([...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title)).toEqual([alert, ...sections]);
    expect(MONITORING).toContain(`(runbooks/${alert}.md)`);
  });

  it('have no runbook to spare', () => {
    expect(
      readdirSync(path.join(ROOT, 'docs/runbooks'))
        .map((file) => path.basename(file, '.md'))
        .toSorted(),
    ).toEqual(alerts.toSorted());
  });

  it.each(alerts)('%s is tested', (alert) => {
    expect(read('ops/prometheus/alerts.test.yml')).toContain(`alertname: ${alert}\n`);
  });
});

describe('runbooks', () => {
  it('lead only to pages, commands and metrics that exist', () => {
    const commands = readdirSync(path.join(ROOT, 'src/cli/commands')).map((file) => path.basename(file, '.ts'));
    for (const alert of alerts) {
      const page = read(`docs/runbooks/${alert}.md`);
      const links = [...page.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
      expect(links.filter((target) => !existsSync(path.join(ROOT, 'docs/runbooks', target)))).toEqual([]);
      const named = [...page.matchAll(/npx\s+tidemark\s+([a-z-]+)/g)].map(([, command = '']) => command);
      expect(named.filter((command) => !commands.includes(command))).toEqual([]);
      expect(metricsIn(page).filter((name) => !(name in metricDefinitions))).toEqual([]);
    }
  });
});

describe('the dashboard', () => {
  interface Panel {
    readonly id: number;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }
  const dashboard = JSON.parse(read('ops/grafana/tidemark.json')) as { uid: string; panels: readonly Panel[] };
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  it('uses only metrics that there are, in every query', () => {
    expect(queries.filter((query) => metricsIn(query).length === 0)).toEqual([]);
    expect(metricsIn(queries.join('\n')).filter((name) => !exported.has(name))).toEqual([]);
  });

  it('shows every metric', () => {
    const shown = metricsIn(queries.join('\n'));
    const names = Object.keys(metricDefinitions).filter((name) => !shown.some((one) => one.startsWith(name)));
    expect(names).toEqual([]);
  });

  it('has panels with ids of their own, and titles', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(dashboard.panels.filter(({ title }) => title === '')).toEqual([]);
  });
});

describe('the Kubernetes manifest', () => {
  it('probes the paths and ports that the worker is told to serve', () => {
    const manifest = read('ops/kubernetes/worker.yaml');
    expect(manifest).toContain("args: [--metrics, '0.0.0.0:9464', --health, '0.0.0.0:9465']");
    expect([...manifest.matchAll(/httpGet: \{ path: (\S+), port: health \}/g)].map(([, probed]) => probed)).toEqual([
      '/livez',
      '/livez',
      '/readyz',
    ]);
    expect(manifest).toContain('{ name: health, containerPort: 9465 }');
    expect(manifest).toMatch(/terminationGracePeriodSeconds: \d+/);
  });
});
