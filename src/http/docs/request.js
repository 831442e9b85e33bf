import { folded, formatted, preformatted } from './elements.js';

const TIMEOUT_MS = 60_000;
const MAX_SHOWN_CHARACTERS = 200_000;

/** Returns the request for the values of a form: its URL, and the options of `fetch`. */
export function requestOf({ path, method, security = [] }, { parameters, body, contentType }, token) {
  const query = new URLSearchParams();
  const headers = {};
  let url = path;
  for (const { name, place, value } of parameters) {
    if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== '' && place === 'query') query.append(name, value);
    else if (value !== '' && place === 'header') headers[name] = value;
  }
  if (token && security.length > 0) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = contentType;
  // Brackets and commas are readable, and valid in a query.
  const search = query.toString().replaceAll('%2C', ',').replaceAll('%5B', '[').replaceAll('%5D', ']');
  return {
    url: search === '' ? url : `${url}?${search}`,
    init: { method: method.toUpperCase(), headers, body },
  };
}

/** Sends a request. Returns a line about its response, or about the failure, and the elements that show it. */
export async function send({ url, init }) {
  const start = performance.now();
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    const duration = Math.round(performance.now() - start);
    const status = `${response.status} ${response.statusText}, ${duration} ms`;
    return { status, shown: shownResponse(response, text) };
  } catch (error) {
    return { status: `No response: ${error.message}`, shown: [] };
  }
}

function shownResponse(response, text) {
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  const shown = [folded('Response headers', () => [preformatted('Response headers', headers)])];
  if (text !== '') shown.unshift(preformatted('Response body', pretty(text).slice(0, MAX_SHOWN_CHARACTERS)));
  return shown;
}

function pretty(text) {
  try {
    return formatted(JSON.parse(text));
  } catch {
    return text;
  }
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Returns the request as a command for a shell. The token is a variable, so that the text can be shared. */
export function curlOf({ url, init: { method, headers, body } }) {
  const parts = [`curl -g ${quote(location.origin + url)}`];
  if (method === 'HEAD') parts.push('-I');
  else if (method !== 'GET') parts.push(`-X ${method}`);
  for (const [name, value] of Object.entries(headers))
    parts.push(
      name === 'Authorization' ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quote(`${name}: ${value}`)}`,
    );
  if (body !== undefined) parts.push(`--data-raw ${quote(body)}`);
  return parts.join(' \\\n  ');
}
