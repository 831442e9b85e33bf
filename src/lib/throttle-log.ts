/**
 * For what can happen with every request and is worth a line: the first time at once, and after that no
 * more than once in `everyMs`, with how often it has happened since the line before.
 */
export function throttleLog(
  tell: (times: number) => void,
  { everyMs, now }: { readonly everyMs: number; readonly now: () => number },
): () => void {
  let times = 0;
  let toldAt = -Infinity;
  return function happened() {
    times += 1;
    if (now() - toldAt < everyMs) return;
    toldAt = now();
    tell(times);
    times = 0;
  };
}
