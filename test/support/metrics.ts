import { Health } from '../../src/telemetry/health.ts';
import { openMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

export function newMetrics(health = new Health(Date.now)): Metrics {
  return openMetrics({ version: 'test', health });
}
