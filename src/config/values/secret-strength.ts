/** The length of a SHA-256 digest (RFC 7518 section 3.2). */
const MIN_HMAC_SECRET_BYTES = 32;

/** The public secret of `npm run demo`. It is accepted only in development with a loopback upstream. */
export const DEMO_JWT_SECRET = 'zyntro-bff-demo-only-this-secret-is-public-and-signs-nothing-real';

/** Secrets from tutorials, templates and debuggers, reduced to lower-case letters and digits. */
const WELL_KNOWN = new Set(
  [
    'a-string-secret-at-least-256-bits-long',
    'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
    'your-super-secret-jwt-token-with-at-least-32-characters-long',
    'super-secret-jwt-token-with-at-least-32-characters-long',
    'your-secret-key-must-be-at-least-32-characters-long',
    'this-is-a-very-long-secret-key-that-is-at-least-32-characters',
    'your-256-bit-secret-your-256-bit-secret',
    'please-change-this-secret-in-production',
    'change-this-secret-in-production-please',
    'your-super-secret-key-change-in-production',
    'your-secret-key-change-this-in-production',
    'your-jwt-secret-change-this-in-production',
  ].map(reduce),
);
const WELL_KNOWN_WORDS = [
  'secret',
  'changeme',
  'password',
  'passw0rd',
  'jwtsecret',
  'mysecret',
  'supersecret',
  'yoursecret',
  'your256bitsecret',
  'default',
  'example',
  'qwerty',
  'replaceme',
  'placeholder',
];
/** Placeholders for credentials in examples and templates. */
const EXAMPLES =
  /^(?:(?:change|replace)(?:me|this|it)?|placeholder|example|dummy|todo|tbd|fixme|none|empty|x+|(?:your|my|insert|the|some)*(?:apikey|developersecret|admintoken|token|secret|password|key)(?:here|value)?)$/;

/** Returns whether a credential is a placeholder from documentation or a template. */
export function isExample(credential: string): boolean {
  return EXAMPLES.test(reduce(credential));
}

/** A well-known word, repeated to reach the minimum length. */
const ONE_WORD_REPEATED = new RegExp(`^(${WELL_KNOWN_WORDS.join('|')})\\1*\\d{0,6}$`);

/** Returns why an HMAC secret is weak, as text for the operator; undefined if it is strong enough. */
export function weaknessOf(secret: string): string | undefined {
  if (Buffer.byteLength(secret) < MIN_HMAC_SECRET_BYTES) {
    return `is shorter than ${MIN_HMAC_SECRET_BYTES} bytes; make one with: openssl rand -base64 48`;
  }
  const reduced = reduce(secret);
  if (WELL_KNOWN.has(reduced) || ONE_WORD_REPEATED.test(reduced)) {
    return 'is a well-known word or example; make one with: openssl rand -base64 48';
  }
  return undefined;
}

function reduce(secret: string): string {
  return secret.toLowerCase().replace(/[^a-z0-9]/g, '');
}
