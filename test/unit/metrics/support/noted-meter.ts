import type { MetricMeter, MetricTags } from '@temporalio/common';
import { noopMetricMeter } from '@temporalio/common';

/** A meter that remembers: counters as sums, gauges as last values, histograms as lists. Keys are `name{label=value,…}`. */
export class NotedMeter {
  readonly counters = new Map<string, number>();
  readonly gauges = new Map<string, number>();
  readonly histograms = new Map<string, number[]>();

  readonly meter: MetricMeter = {
    createCounter: (name) => ({
      ...noopMetricMeter.createCounter(name),
      add: (value, tags) => {
        const key = keyOf(name, tags);
        this.counters.set(key, (this.counters.get(key) ?? 0) + value);
      },
    }),
    createGauge: (name) => ({
      ...noopMetricMeter.createGauge(name),
      set: (value, tags) => void this.gauges.set(keyOf(name, tags), value),
    }),
    createHistogram: (name) => ({
      ...noopMetricMeter.createHistogram(name),
      record: (value, tags) => {
        const key = keyOf(name, tags);
        this.histograms.set(key, [...(this.histograms.get(key) ?? []), value]);
      },
    }),
    withTags: () => this.meter,
  };

  /** Sum of a counter whose key contains all the texts. */
  count(name: string, ...texts: string[]): number {
    const matching = [...this.counters].filter(
      ([key]) => key.startsWith(`${name}{`) && texts.every((text) => key.includes(text)),
    );
    return matching.reduce((sum, [, value]) => sum + value, 0);
  }
}

function keyOf(name: string, tags: MetricTags = {}): string {
  const pairs = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
  return `${name}{${pairs.join(',')}}`;
}
