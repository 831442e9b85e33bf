import type { ConfigIssues } from '../config-issues.ts';

interface UserInfo {
  /** Undefined if the URL has no user name. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const NONE: UserInfo = { username: undefined, password: undefined };
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001F\u007F]/;

/** Decodes the user name and password of a URL (RFC 3986 section 3.2.1); returns neither if one is invalid. */
export function readUserInfo(name: string, url: URL | undefined, issues: ConfigIssues): UserInfo {
  if (!url) return NONE;
  const decoded = [url.username, url.password].map(decode);
  if (decoded.includes(undefined)) {
    issues.add(
      name,
      'has a user or password that is not percent-encoded UTF-8: write a % that belongs to it as %25',
    );
    return NONE;
  }
  if (decoded.some((text) => CONTROL.test(text!))) {
    issues.add(name, 'has a user or password with an encoded control character: remove it');
    return NONE;
  }
  return { username: decoded[0] || undefined, password: decoded[1] || undefined };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
