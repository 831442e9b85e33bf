import { Health } from '../../src/telemetry/health.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

export function newMetrics(health = new Health(Date.now)): Metrics {
  return createMetrics({
    version: 'test',
    health,
    tiers: ['default'],
    writes: ['createNote'],
    redisCodes: [],
  });
}
