// Installed before anything else loads: PID 1 of a container ignores signals without a handler.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
await import('./run.ts');
