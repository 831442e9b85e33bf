import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import { exposition, ownSamples, type Exposition, type Sample } from './metrics.ts';

/** What one process has measured, as processes tell it each other. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** What several processes have measured, as if one had. What makes no sense together is left out. */
export function aggregate(snapshots: readonly Snapshot[]): {
  render(): Promise<Exposition>;
  samples(): Promise<Record<string, Sample[]>>;
} {
  const registry: Registry = AggregatorRegistry.aggregate([...snapshots]);
  return { render: () => exposition(registry), samples: () => ownSamples(registry) };
}
