import { setImmediate as nextTurn } from 'node:timers/promises';
import { handleSignals } from './process/signals.ts';

handleSignals();

const [, , ...args] = process.argv;
if (args.length > 0) {
  const { runCommandLine } = await import('./process/command-line.ts');
  runCommandLine(args);
}

// Static imports would run before the handlers exist, and imports block the event loop. A signal is handled
// between two of these steps, which take about the same time. The last step runs the program.
const steps = [
  () => import('./config/index.ts'),
  () => import('./telemetry/log.ts'),
  () => import('./redis/redis-client.ts'),
  () => import('./upstream/transport.ts'),
  () => import('./auth/create-identity.ts'),
  () => import('./operations/index.ts'),
  () => import('./http/docs-page.ts'),
  () => import('./openapi/document.ts'),
  () => import('./cache/with-cache.ts'),
  () => import('./telemetry/metrics.ts'),
  () => import('./app.ts'),
  () => import('./program.ts'),
];
for (const load of steps) {
  await load();
  await nextTurn();
}
