/** The token leaves this tab towards this origin alone, and is gone with the tab. */
const KEY = 'zyntro-bff admin token';
const TIMEOUT_MS = 5000;

export class TokenNeeded extends Error {}

/** The status of the document: 401 where this page was served only to ask for the token. */
const [navigation] = performance.getEntriesByType('navigation');
let open = navigation?.responseStatus !== 401;

export function takeToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** Throws TokenNeeded where there is no token, or where it is refused. */
export async function fetchStatus() {
  const token = sessionStorage.getItem(KEY);
  if (!open && !token) throw new TokenNeeded();
  const response = await fetch('status', {
    headers: token ? { authorization: `Bearer ${token}` } : {},
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status === 401) {
    sessionStorage.removeItem(KEY);
    open = false;
    throw new TokenNeeded(token ? 'This is not the token of this instance.' : '');
  }
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}
