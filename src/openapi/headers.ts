interface Header {
  readonly description: string;
  readonly schema: { readonly type: string; readonly [keyword: string]: unknown };
  readonly example: unknown;
  readonly required?: true;
}

/** Every header of ours that an answer may have. */
export const HEADERS = {
  'X-Request-Id': {
    required: true,
    description: 'Names this request in our logs: quote it when you report a problem.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    example: '0b4f2ba6-5f0b-4c6e-9c57-0c7d7f0f3b1e',
  },
  ETag: {
    required: true,
    description: 'Fingerprint of the answer. Browsers send it back as `If-None-Match` by themselves.',
    schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
    example: '"Wn1YvX0m7lq3sO9nqkPCVxjB8bM"',
  },
  'Cache-Control': {
    required: true,
    description:
      'Who may keep the response, and for how long: `no-cache` means revalidate every use, and `max-age` minus `Age` is the seconds it may be used without that.',
    schema: { type: 'string', pattern: '^(private, no-cache|(private|public), max-age=\\d+)$' },
    example: 'private, no-cache',
  },
  'Cache-Control-None': {
    required: true,
    description: 'Errors and health are never kept.',
    schema: { type: 'string', const: 'no-store' },
    example: 'no-store',
  },
  Age: {
    required: true,
    description: 'Seconds since the oldest part of the answer was fetched from the CRM.',
    schema: { type: 'integer', minimum: 0 },
    example: 19,
  },
  Vary: {
    required: true,
    description: 'The request headers that the answer depends on.',
    schema: { type: 'string' },
    example: 'Authorization, Accept-Encoding',
  },
  'Cache-Status': {
    description:
      'How our cache took part (RFC 9211): `hit` from the cache, `fwd=miss` fetched, `fwd=partial` in part, `detail=stale` past its time.',
    schema: { type: 'string', pattern: '^zyntro-bff; (hit|fwd=)' },
    example: 'zyntro-bff; hit; ttl=41',
  },
  RateLimit: {
    description: 'What is left of your quota, and in how many seconds it is filled up again.',
    schema: { type: 'string' },
    example: '"default";r=119;t=60',
  },
  'RateLimit-Policy': {
    description: 'Your quota: so many requests in so many seconds.',
    schema: { type: 'string' },
    example: '"default";q=120;w=60',
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

/** Field names of headers that have another form in some responses. */
const FIELD_NAMES: Partial<Record<HeaderName, string>> = {
  'Cache-Control-None': 'Cache-Control',
  'WWW-Authenticate-Scope': 'WWW-Authenticate',
};

/** Headers of one response, by reference. */
export function responseHeaders(...names: readonly HeaderName[]) {
  return Object.fromEntries(
    names.map((name) => [FIELD_NAMES[name] ?? name, { $ref: `#/components/headers/${name}` }]),
  );
}
