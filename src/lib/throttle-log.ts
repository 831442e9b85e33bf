/**
 * Throttles a log line: logs the first occurrence, then at most once per `everyMs`, with the number of
 * occurrences since the previous line.
 */
export function throttleLog(
  log: (times: number) => void,
  { everyMs, now }: { readonly everyMs: number; readonly now: () => number },
): () => void {
  let times = 0;
  let loggedAt = -Infinity;
  return function occurred() {
    times += 1;
    if (now() - loggedAt < everyMs) return;
    loggedAt = now();
    log(times);
    times = 0;
  };
}
