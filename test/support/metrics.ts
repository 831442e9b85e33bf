import { Health } from '../../src/telemetry/health.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

export function newMetrics(health = new Health(Date.now)): Metrics {
  const routes = [
    { id: 'listContacts', path: '/contacts', method: 'GET', status: 200, isWrite: false },
    { id: 'createNote', path: '/contacts/:id/notes', method: 'POST', status: 201, isWrite: true },
    { id: 'lookupContact', path: '/contacts/lookup', method: 'POST', status: 200, isWrite: false },
  ];
  return createMetrics({
    version: 'test',
    health,
    routes,
    tiers: ['default', 'internal'],
    redisCodes: ['TIMEOUT'],
  });
}
