let stop: (signal: NodeJS.Signals) => void = () => process.exit(0);
let reload: (() => void) | undefined;
let reloadMissed = false;

/**
 * Handles SIGTERM, SIGINT and SIGHUP from now on. Call it before anything else is imported: as PID 1 of a
 * container a process without a handler ignores these signals, and any other process dies of SIGHUP.
 *
 * Until `onStop` is called, SIGTERM and SIGINT exit the program at once, because it serves nothing yet.
 */
export function handleSignals(): void {
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, (signal) => stop(signal));
  process.on('SIGHUP', () => {
    if (reload) reload();
    else reloadMissed = true;
  });
}

/** Replaces the handler of SIGTERM and SIGINT. */
export function onStop(handler: (signal: NodeJS.Signals) => void): void {
  stop = handler;
}

/** Sets the handler of SIGHUP. Calls it at once if a SIGHUP arrived during startup. */
export function onReload(handler: () => void): void {
  reload = handler;
  if (reloadMissed) handler();
  reloadMissed = false;
}
