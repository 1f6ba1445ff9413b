import { Runtime, type MetricsExporterConfig } from '@temporalio/worker';
import { TidemarkError } from '../core/errors';
import { HISTOGRAM_BUCKETS } from '../metrics/definitions';
import { formatHostPort, parseHostPort } from './host-port';

/** Where metrics go. Tidemark's and those of Temporal's SDK go the same way: through Temporal's runtime, of which a process has one. */
export interface MetricsOptions {
  /**
   * Address of an endpoint for Prometheus, which serves `/metrics`: `host:port`, or a port of 127.0.0.1. Without `prometheus` and `otlp`
   * metrics are recorded in the runtime that the process has installed.
   */
  readonly prometheus?: string;
  /** URL of an OpenTelemetry collector: `http://host:4317` for gRPC, `http://host:4318/v1/metrics` for HTTP. */
  readonly otlp?: string;
  /**
   * Whether series bear the shard's id. Without it there is one series of each metric per consumer: sums, and the worst of lag and ages.
   *
   * @default true
   */
  readonly shardLabel?: boolean;
}

/** How often metrics are sent to a collector, milliseconds. */
const EXPORT_INTERVAL_MS = 10_000;

/** The part of `telemetryOptions` that a process gives to `Runtime.install`; undefined if nothing is to be exported. @throws `INVALID_OPTION` */
export function metricsExporter({ prometheus, otlp }: MetricsOptions): MetricsExporterConfig | undefined {
  if (prometheus !== undefined && otlp !== undefined)
    throw new TidemarkError('INVALID_OPTION', 'Metrics go to Prometheus or to a collector (`otlp`), not to both');
  const histogramBucketOverrides = { ...HISTOGRAM_BUCKETS };
  if (prometheus !== undefined) {
    const bindAddress = formatHostPort(parseHostPort(prometheus, 'metrics.prometheus'));
    return { prometheus: { bindAddress, histogramBucketOverrides } };
  }
  if (otlp === undefined) return undefined;
  if (!URL.canParse(otlp))
    throw new TidemarkError('INVALID_OPTION', `Expected \`metrics.otlp\` to be a URL, got \`${otlp}\``);
  const http = new URL(otlp).pathname.length > 1;
  return { otel: { url: otlp, http, metricsExportInterval: EXPORT_INTERVAL_MS, histogramBucketOverrides } };
}

/** Installs a runtime that exports, if the options name where to. Before anything of Temporal's worker package is used. */
export function installExporter(options: MetricsOptions): void {
  const metrics = metricsExporter(options);
  if (metrics === undefined) return;
  try {
    Runtime.install({ telemetryOptions: { metrics } });
  } catch (cause) {
    throw new TidemarkError('INVALID_OPTION', 'Metrics cannot be exported', { cause, hint: hintFor(cause) });
  }
}

function hintFor(cause: unknown): string {
  const what = cause instanceof Error ? cause.message : String(cause);
  return `${what.replace(/\.$/, '')}. If the process has installed a runtime, give it the exporter and leave \`prometheus\` and \`otlp\` out.`;
}
