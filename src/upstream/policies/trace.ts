import { isAppError } from '../../errors.ts';
import { traced } from '../../telemetry/tracing.ts';
import type { SpanSettings } from '../../telemetry/span.ts';
import type { Policy } from '../operation.ts';

/** Records each attempt as a client span with the attributes of OpenTelemetry's HTTP conventions. */
export function trace({ baseUrl }: { readonly baseUrl: URL }): Policy {
  const spans = new Map<string, SpanSettings>();

  function spanOf(path: string): SpanSettings {
    let settings = spans.get(path);
    if (!settings) {
      settings = {
        name: `POST ${path}`,
        kind: 'client',
        attributes: {
          'http.request.method': 'POST',
          'url.template': path,
          'server.address': baseUrl.hostname,
          'server.port': Number(baseUrl.port) || (baseUrl.protocol === 'https:' ? 443 : 80),
        },
      };
      spans.set(path, settings);
    }
    return settings;
  }

  return (next) =>
    function traceAttempt(operation, input, options) {
      return traced(spanOf(operation.path), async (span) => {
        span.set({ 'zyntro_bff.upstream.priority': options.priority });
        try {
          const output = await next(operation, input, options);
          span.set({ 'http.response.status_code': 200 });
          return output;
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
