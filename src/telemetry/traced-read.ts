import type { ReadContact } from '../contact/read-contact.ts';
import { isTracing, traced } from './tracing.ts';
import type { SpanSettings } from './span.ts';

const READ: SpanSettings = { name: 'contact.read', kind: 'internal' };

/** A read through the cache as a span that says how the cache took part. */
export function tracedRead(read: ReadContact): ReadContact {
  return function readInSpan(query, options) {
    if (!isTracing()) return read(query, options);
    return traced(READ, async (span) =>
      read(query, {
        bypass: options.bypass,
        noStore: options.noStore,
        signal: options.signal,
        onCacheOutcome: (outcome) => {
          span.set({ 'zyntro_bff.cache.result': outcome.result });
          options.onCacheOutcome(outcome);
        },
      }),
    );
  };
}
