/** Stores the token until the tab is closed. It is sent to this origin only. */
const KEY = 'zyntro-bff admin token';
const TIMEOUT_MS = 5000;

export class TokenNeeded extends Error {}

/** The status of the document: 401 if the page was served only to prompt for the token. */
const [navigation] = performance.getEntriesByType('navigation');
let isOpen = navigation?.responseStatus !== 401;

export function takeToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** Throws TokenNeeded if the token is missing or rejected. */
export async function fetchStatus() {
  const token = sessionStorage.getItem(KEY);
  if (!isOpen && !token) throw new TokenNeeded();
  // `fetch` would throw, as if the instance did not respond.
  if (token && !/^[\x21-\x7E]+$/.test(token)) return refuse(token);
  const response = await fetch('status', {
    headers: token ? { authorization: `Bearer ${token}` } : {},
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status === 401) return refuse(token);
  if (!response.ok) throw Object.assign(new Error('no status'), { status: response.status });
  return response.json();
}

/** Forgets the token, unless another one was entered while it was checked: then that one is tried. */
function refuse(token) {
  if (sessionStorage.getItem(KEY) !== token) return fetchStatus();
  sessionStorage.removeItem(KEY);
  isOpen = false;
  throw new TokenNeeded(token ? 'This is not the token of this instance.' : '');
}
