import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { metricDefinitions, type MetricDefinition } from '../../../src/metrics/definitions';
import { eventually } from '../../support/eventually';
import { LocalPrometheus } from './support/prometheus';

const PATIENCE = { timeoutMs: 60_000, intervalMs: 500 };

jest.setTimeout(120_000);

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

const DASHBOARD = JSON.parse(
  readFileSync(path.resolve(__dirname, '../../../ops/grafana/tidemark.json'), 'utf8'),
) as Dashboard;

let worker: Server;
let prometheus: LocalPrometheus;

beforeAll(async () => {
  worker = createServer((_, response) => response.end(everySeries()));
  await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve));
  prometheus = await LocalPrometheus.start(`127.0.0.1:${(worker.address() as AddressInfo).port}`);
});
afterAll(async () => {
  await prometheus.close();
  worker.closeAllConnections();
  worker.close();
});

/** One series of every metric, with the labels that it has. */
function everySeries(): string {
  const lines = Object.entries<MetricDefinition>(metricDefinitions).flatMap(([name, { kind, labels }]) => {
    const pairs = ['consumer', 'stream', ...labels].map((label) => `${label}="x"`);
    const series = (suffix: string, more: string[] = []): string =>
      `${name}${suffix}{${[...pairs, ...more].join(',')}} 1`;
    const isHistogram = kind === 'histogram';
    return isHistogram
      ? [series('_bucket', ['le="1"']), series('_bucket', ['le="+Inf"']), series('_sum'), series('_count')]
      : [series('')];
  });
  return `${lines.join('\n')}\n`;
}

it.each(
  DASHBOARD.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }, index) => ({ title, index, expr }))),
)('a real Prometheus answers query $index of "$title"', async ({ expr }) => {
  const query = expr.replaceAll(/\$(consumer|stream)\b/g, '.*').replaceAll('$__rate_interval', '20s');
  const series = await eventually(() => prometheus.query(query), { ...PATIENCE, what: query });
  expect(series).toBeGreaterThan(0);
});
