import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import type { ContactQuery } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import type { UpstreamCredentials } from './credentials.ts';
import { badResponse, decodeEnvelope } from './envelope.ts';
import { failureOfTransport } from './transport-failure.ts';
import type { Transport, TransportResponse } from './transport.ts';

const PATH = '/apis/v2/public/crm/fetchContact';

export interface FetchContactOptions {
  readonly transport: Transport;
  /** The credentials of an organization, or undefined where it has none. */
  readonly credentialsOf: (org: string) => UpstreamCredentials | undefined;
  readonly maxResponseBytes: number;
  /** Milliseconds of the monotonic clock that deadlines are in. */
  readonly now: () => number;
}

/**
 * One call of the upstream's fetchContact, asking for the parts of the query and for no other, that ends at
 * its deadline whatever the upstream does.
 *
 * @throws AppError `ORG_NOT_CONFIGURED`, `CONTACT_NOT_FOUND` or one of the `UPSTREAM_…` codes; whatever
 *   `signal` was aborted with, where the caller gave up first.
 */
export function fetchContact(options: FetchContactOptions): AttemptRawParts {
  return async function fetchContactFromUpstream(query, { signal, deadline }) {
    const credentials = options.credentialsOf(query.org);
    if (!credentials) throw new AppError('ORG_NOT_CONFIGURED');
    const timeUp = AbortSignal.timeout(Math.max(0, Math.ceil(deadline - options.now())));
    const either = AbortSignal.any([signal, timeUp]);
    try {
      const response = await options.transport.post(PATH, requestBody(query, credentials), either);
      const text = await readAnswer(response, options.maxResponseBytes, either);
      return decodeEnvelope(text, query);
    } catch (error) {
      if (error instanceof AppError) throw error;
      signal.throwIfAborted();
      throw failureOfTransport(error, timeUp.aborted);
    }
  };
}

function requestBody(query: ContactQuery, credentials: UpstreamCredentials) {
  const flag = (part: (typeof query.parts)[number]) => (query.parts.includes(part) ? 1 : 0);
  return {
    api_key: credentials.apiKey,
    developer_secret: credentials.developerSecret,
    org_id: query.org,
    member_id: query.member,
    contact_id: query.contact,
    include_notes: flag('notes'),
    include_profile: flag('profile'),
    include_signals: flag('signals'),
    include_entity: flag('entity'),
  };
}

/** The text of a 200, read no further than the bound. Everything else is refused unread. */
async function readAnswer(
  response: TransportResponse,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const { status, headers, body } = response;
  try {
    if (status >= 500 || status === 429) {
      throw new AppError('UPSTREAM_UNAVAILABLE', {
        reason: `HTTP_${status}`,
        transient: true,
        ...retryAfter(headers['retry-after']),
      });
    }
    if (status !== 200) throw badResponse(`HTTP_${status}`);
    if (Number(headers['content-length']) > maxBytes) throw badResponse('TOO_LARGE');
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of body) {
        size += chunk.byteLength;
        if (size > maxBytes) break;
        chunks.push(chunk);
      }
    } catch (cause) {
      // A call that was given up ends here too; its caller tells the two apart.
      if (signal.aborted) throw cause;
      throw new AppError('UPSTREAM_BAD_RESPONSE', { reason: 'TRUNCATED', transient: true, cause });
    }
    if (size > maxBytes) throw badResponse('TOO_LARGE');
    return Buffer.concat(chunks, size).toString('utf8');
  } finally {
    // Closes the connection where the body was not read to its end; does nothing where it was.
    body.destroy();
  }
}

const MAX_RETRY_AFTER_S = 60;

/** RFC 9110 section 10.2.3, in its form of seconds. */
function retryAfter(header: string | string[] | undefined): { retryAfterS?: number } {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) return {};
  return { retryAfterS: Math.min(Math.max(Number(header), 1), MAX_RETRY_AFTER_S) };
}
