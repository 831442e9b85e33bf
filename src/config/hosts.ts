/** Returns whether a URL's host name (or a bind address) is a loopback name or address. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** Returns the serialized origin (RFC 6454); undefined if the text is not exactly an origin. */
export function parseOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin } = new URL(text);
  return origin !== 'null' && origin === text.replace(/\/$/, '').toLowerCase() ? origin : undefined;
}
