import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import type { ReadContact } from '../contact/read-contact.ts';
import { isAppError } from '../errors.ts';
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

/**
 * An attempt at an upstream call as a span of an HTTP client, by OpenTelemetry's semantic conventions.
 *
 * @param path of the operation; it holds no id, so it is the template of its URL.
 */
export function tracedAttempt(
  attempt: AttemptRawParts,
  { baseUrl, path }: { readonly baseUrl: URL; readonly path: string },
): AttemptRawParts {
  const settings: SpanSettings = {
    name: `POST ${path}`,
    kind: 'client',
    attributes: {
      'http.request.method': 'POST',
      'url.template': path,
      'server.address': baseUrl.hostname,
      'server.port': Number(baseUrl.port) || (baseUrl.protocol === 'https:' ? 443 : 80),
    },
  };
  return function attemptInSpan(query, options) {
    return traced(settings, async (span) => {
      span.set({ 'zyntro_bff.upstream.priority': options.priority });
      try {
        const parts = await attempt(query, options);
        span.set({ 'http.response.status_code': 200 });
        return parts;
      } catch (error) {
        const reason = isAppError(error) ? error.details.reason : undefined;
        const [, status] = /^HTTP_(\d{3})$/.exec(reason ?? '') ?? [];
        if (status !== undefined) span.set({ 'http.response.status_code': Number(status) });
        if (reason !== undefined) span.set({ 'zyntro_bff.upstream.code': reason });
        throw error;
      }
    });
  };
}
