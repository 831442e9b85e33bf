/** Stores the token until the tab is closed. It is sent to this origin only. */
const KEY = 'zyntro-bff admin token';
const TIMEOUT_MS = 5000;

export class TokenNeeded extends Error {}

/** The status of the document: 401 if the page was served only to prompt for the token. */
const [navigation] = performance.getEntriesByType('navigation');
let isOpen = navigation?.responseStatus !== 401;
let token = tryStorage((storage) => storage.getItem(KEY));

export function takeToken(given) {
  token = given;
  tryStorage((storage) => storage.setItem(KEY, given));
}

/** A browser that blocks the data of sites throws. Then the token is kept until the page is left. */
function tryStorage(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null;
  }
}

/** Throws TokenNeeded if the token is missing or rejected. */
export async function fetchStatus() {
  const sent = token;
  if (!isOpen && !sent) throw new TokenNeeded();
  // `fetch` would throw, as if the instance did not respond.
  if (sent && !/^[\x21-\x7E]+$/.test(sent)) return refuse(sent);
  const response = await fetch('status', {
    headers: sent ? { authorization: `Bearer ${sent}` } : {},
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status === 401) return refuse(sent);
  if (!response.ok) throw Object.assign(new Error('no status'), { status: response.status });
  return response.json();
}

/** Forgets the token, unless another one was entered while it was checked: then that one is tried. */
function refuse(sent) {
  if (token !== sent) return fetchStatus();
  token = null;
  tryStorage((storage) => storage.removeItem(KEY));
  isOpen = false;
  throw new TokenNeeded(sent ? 'This is not the token of this instance.' : '');
}
