// Before anything else is loaded: as PID 1 of a container a process without handlers ignores these signals.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
await import('./run.ts');
