import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter } from '@temporalio/common';
import {
  metricDefinitions,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricDefinition,
} from './definitions';

export type Labels = Readonly<Record<string, string>>;

/** All metrics, made once on a meter. */
export class Instruments {
  private readonly counters = new Map<string, MetricCounter>();
  private readonly gauges = new Map<string, MetricGauge>();
  private readonly histograms = new Map<string, MetricHistogram>();

  constructor(meter: MetricMeter) {
    for (const [name, { kind, unit, help }] of Object.entries<MetricDefinition>(metricDefinitions)) {
      if (kind === 'counter') this.counters.set(name, meter.createCounter(name, unit, help));
      if (kind === 'gauge') this.gauges.set(name, meter.createGauge(name, 'float', unit, help));
      if (kind === 'histogram') this.histograms.set(name, meter.createHistogram(name, 'float', unit, help));
    }
  }

  add(name: CounterName, value: number, labels: Labels): void {
    this.counters.get(name)?.add(value, labels);
  }

  /** A series cannot be taken back: one that no longer means anything is NaN, which no comparison in PromQL is true of. */
  set(name: GaugeName, value: number | undefined, labels: Labels): void {
    this.gauges.get(name)?.set(value ?? NaN, labels);
  }

  record(name: HistogramName, value: number, labels: Labels): void {
    this.histograms.get(name)?.record(Math.max(0, value), labels);
  }
}
