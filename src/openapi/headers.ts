interface Header {
  readonly description: string;
  readonly schema: { readonly type: string; readonly [keyword: string]: unknown };
  readonly example: unknown;
  readonly required?: true;
}

/** Returns the pattern of a field that lists items. */
function listOf(item: string): string {
  return `^${item}(, ${item})*$`;
}

/** Every response header that the proxy sets. */
export const HEADERS = {
  'X-Request-Id': {
    required: true,
    description: 'Identifies this request in our logs: quote it when you report a problem.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    example: '0b4f2ba6-5f0b-4c6e-9c57-0c7d7f0f3b1e',
  },
  ETag: {
    required: true,
    description: 'Entity tag of the response. Browsers send it back as `If-None-Match` automatically.',
    schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
    example: '"Wn1YvX0m7lq3sO9nqkPCVxjB8bM"',
  },
  'Cache-Control': {
    required: true,
    description:
      'Who may store the response, and for how long. `no-cache` requires revalidation before every use. The response may be reused without revalidation for `max-age` minus `Age` seconds.',
    schema: { type: 'string', pattern: '^(private, no-cache|(private|public), max-age=\\d+)$' },
    example: 'private, no-cache',
  },
  'Cache-Control-None': {
    required: true,
    description: 'Errors and health responses are never stored.',
    schema: { type: 'string', const: 'no-store' },
    example: 'no-store',
  },
  Age: {
    required: true,
    description: 'Seconds since the oldest part of the response was fetched from the CRM.',
    schema: { type: 'integer', minimum: 0 },
    example: 19,
  },
  Vary: {
    required: true,
    description: 'The request headers that select the response.',
    schema: { type: 'string' },
    example: 'Authorization, Accept-Encoding',
  },
  'Cache-Status': {
    description:
      'How our cache handled the request (RFC 9211): `hit` served from the cache, `fwd=miss` fetched from the CRM, `fwd=partial` fetched in part, `detail=stale` served stale.',
    schema: { type: 'string', pattern: '^zyntro-bff; (hit|fwd=)' },
    example: 'zyntro-bff; hit; ttl=41',
  },
  RateLimit: {
    description:
      'Your remaining quota (`r`), and the seconds until it is full again (`t`). A write has a second item if your tier limits writes.',
    schema: { type: 'string', pattern: listOf('"[^"]+"; r=\\d+; t=\\d+') },
    example: '"default"; r=119; t=60',
  },
  'RateLimit-Policy': {
    description:
      'Your quota: `q` requests in `w` seconds. `pk` is a digest of the caller that is counted. A write has a second item if your tier limits writes.',
    schema: { type: 'string', pattern: listOf('"[^"]+"; q=\\d+; w=\\d+; pk=:[A-Za-z0-9+/=]+:') },
    example: '"default"; q=120; w=60; pk=:YzM3ZGMyYzlkYzc0:',
  },
  Location: {
    description: 'Path of the created contact.',
    schema: { type: 'string', pattern: '^/contacts/' },
    example: '/contacts/a1b2c3d4-e5f6-7890-abcd-ef1234567890',
  },
  'Preference-Applied': {
    description: 'The response is the current contact, as `Prefer` asked for (RFC 7240).',
    schema: { type: 'string', const: 'return=representation' },
    example: 'return=representation',
  },
  'Idempotency-Replayed': {
    description: 'The response of an earlier request with the same key.',
    schema: { type: 'string', const: 'true' },
    example: 'true',
  },
  Accept: {
    description: 'The media types that the operation accepts.',
    schema: { type: 'string' },
    example: 'application/json',
  },
  'Accept-Patch': {
    description: 'The media types that PATCH accepts (RFC 5789).',
    schema: { type: 'string' },
    example: 'application/json, application/merge-patch+json',
  },
  'Retry-After': {
    description: 'Seconds to wait before you try again.',
    schema: { type: 'integer', minimum: 0 },
    example: 7,
  },
  'WWW-Authenticate': {
    required: true,
    description: 'The challenge (RFC 6750). Without `error` if the request had no token.',
    schema: { type: 'string', pattern: '^Bearer ' },
    example: 'Bearer realm="zyntro-bff", error="invalid_token"',
  },
  'WWW-Authenticate-Scope': {
    description: 'The challenge (RFC 6750) with the scope that the token lacks.',
    schema: { type: 'string', pattern: '^Bearer ' },
    example: 'Bearer realm="zyntro-bff", error="insufficient_scope", scope="contacts:read"',
  },
} as const satisfies Record<string, Header>;

export type HeaderName = keyof typeof HEADERS;

/** Field names of the headers that have a second description for some responses. */
const FIELD_NAMES: Partial<Record<HeaderName, string>> = {
  'Cache-Control-None': 'Cache-Control',
  'WWW-Authenticate-Scope': 'WWW-Authenticate',
};

/** Returns the headers of one response, as references. */
export function responseHeaders(...names: readonly HeaderName[]) {
  return Object.fromEntries(
    names.map((name) => [FIELD_NAMES[name] ?? name, { $ref: `#/components/headers/${name}` }]),
  );
}
