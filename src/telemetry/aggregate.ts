import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import { exposition, ownSamples, type Exposition, type Samples } from './exposition.ts';

/** The metrics of one process, as processes send them to each other. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Merges the metrics of several processes into one registry. Metrics that cannot be combined are left out. */
export function aggregate(snapshots: readonly Snapshot[]): {
  render(): Promise<Exposition>;
  samples(): Promise<Samples>;
} {
  const registry: Registry = AggregatorRegistry.aggregate([...snapshots]);
  return { render: () => exposition(registry), samples: () => ownSamples(registry) };
}

const COUNT_TYPES = new Set(['counter', 'histogram']);

/** Returns the counters and histograms, which stay true after their process has exited. */
export function countsOf(snapshot: Snapshot): Snapshot {
  return snapshot.filter(({ type, aggregator }) => COUNT_TYPES.has(String(type)) && aggregator === 'sum');
}

/** Sums the counters and histograms of several snapshots. */
export function sumCounts(snapshots: readonly Snapshot[]): Snapshot {
  const registry: Registry = AggregatorRegistry.aggregate(snapshots.map(countsOf));
  // `aggregate` registers plain objects with the values.
  return registry.getMetricsAsArray() as unknown as Snapshot;
}
