import { getHeapStatistics } from 'node:v8';
import type { IndexedSet } from '../lib/indexed-set.ts';
import type { Exchange } from './connection.ts';

const CHECK_MS = 1000;
/** Share of the heap for responses that clients have not read. */
const UNSENT_SHARE = 1 / 8;

/**
 * Closes the connections of clients that do not read a complete response within `sendTimeoutMs`. Closes the
 * slowest sooner while unsent responses take more than an eighth of the heap.
 *
 * @returns a function that stops the checks.
 */
export function cutOffSlowReaders(
  exchanges: IndexedSet<Exchange>,
  { sendTimeoutMs }: { readonly sendTimeoutMs: number },
): () => void {
  const maxUnsentBytes = getHeapStatistics().heap_size_limit * UNSENT_SHARE;
  function check(): void {
    const now = performance.now();
    const reading: Exchange[] = [];
    let unsent = 0;
    for (const exchange of exchanges) {
      if (!exchange.res.writableEnded) continue;
      if (exchange.completeSince === Infinity) exchange.completeSince = now;
      else if (now - exchange.completeSince >= sendTimeoutMs) exchange.res.destroy();
      else {
        reading.push(exchange);
        unsent += unsentBytes(exchange);
      }
    }
    if (unsent <= maxUnsentBytes) return;
    for (const exchange of reading.toSorted((one, other) => one.completeSince - other.completeSince)) {
      if (unsent <= maxUnsentBytes) return;
      unsent -= unsentBytes(exchange);
      exchange.res.destroy();
    }
  }
  const timer = setInterval(check, Math.min(CHECK_MS, sendTimeoutMs / 4));
  timer.unref();
  return () => clearInterval(timer);
}

/** Returns the bytes not yet passed to the kernel: in the socket, or in a response that waits for an earlier one. */
function unsentBytes({ res }: Exchange): number {
  return res.writableLength;
}
