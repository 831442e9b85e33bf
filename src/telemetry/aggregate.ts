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
