import type { MetricValueWithName, Registry } from 'prom-client';

export const PREFIX = 'zyntro_bff_';

/** A value and the labels that identify it within its metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Our metrics by name, without the prefix; histograms as `…_bucket`, `…_sum` and `…_count`. */
export type Samples = Readonly<Record<string, readonly Sample[]>>;

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export async function exposition(registry: Registry): Promise<Exposition> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}

export function ownMetrics(registry: Registry) {
  const ours = registry.getMetricsAsArray().filter(({ name }) => name.startsWith(PREFIX));
  return ours.map(({ name }) => registry.getSingleMetric(name)!);
}

export async function ownSamples(registry: Registry): Promise<Samples> {
  const samples: Record<string, Sample[]> = {};
  for (const metric of ownMetrics(registry)) {
    const { name, values } = await metric.get();
    if (values.length === 0) samples[name.slice(PREFIX.length)] = [];
    for (const { metricName, labels, value } of values as MetricValueWithName<string>[])
      (samples[(metricName ?? name).slice(PREFIX.length)] ??= []).push({ labels, value } as Sample);
  }
  return samples;
}
