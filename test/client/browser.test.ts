import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { packClient, type ClientPackage } from '../support/client-package.ts';
import { startWorld, type World } from '../support/world.ts';

const STEP_TIMEOUT_MS = 120_000;

/** Reads a contact, sends a request that fails, and returns what a page of another origin can see of them. */
const READ = `export async function read([baseUrl, token, id]) {
  const { createClient, ProblemError } = await import('/client/index.js');
  const infos = [];
  const client = createClient({ baseUrl, token, onResponse: (info) => infos.push(info) });
  const { contact } = await client.getContact(id);
  const again = await client.getContact(id);
  const error = await client.getContact('not-a-uuid').catch((thrown) => thrown);
  return [contact.name, again.contact.name, infos, error instanceof ProblemError, error.code];
}`;
const WORKER = `import { read } from '/read.js';
onmessage = async ({ data }) => postMessage(await read(data));`;
const PAGES: Readonly<Record<string, readonly [type: string, body: string]>> = {
  '/': ['text/html', '<!doctype html><title>An app</title>'],
  '/read.js': ['text/javascript', READ],
  '/worker.js': ['text/javascript', WORKER],
};

let built: ClientPackage;
let app: Server;
let world: World;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  built = packClient();
  app = createServer((req, res) => {
    const [type, body] = PAGES[req.url!] ?? ['text/javascript', moduleOf(req.url!)];
    res.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  world = await startWorld({ CORS_ORIGINS: origin() });
  browser = await launchBrowser();
  page = await browser.newPage();
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  await page.goto(origin());
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
  app?.closeAllConnections();
  app?.close();
  built?.remove();
});

const origin = (): string => `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
/** Returns undefined for other requests of the browser, such as that for an icon. */
const moduleOf = (url: string): string | undefined =>
  url.endsWith('.js') ? readFileSync(path.join(built.folder, path.basename(url)), 'utf8') : undefined;
const callArguments = (): string =>
  JSON.stringify([world.program.url, world.token(), world.directory.reference.contact]);

function expectResult(result: unknown): void {
  const header = { requestId: expect.any(String) as string, rateLimits: [{ policy: 'default' }] };
  expect(result).toMatchObject([
    'Jane Smith',
    'Jane Smith',
    [
      { ...header, status: 200, etag: expect.stringMatching(/^(W\/)?"/) as string },
      { ...header, status: 200, cacheStatus: expect.stringContaining('hit') as string },
      { ...header, status: 400 },
    ],
    true,
    'INVALID_CONTACT_ID',
  ]);
}

test('runs in a page of another origin, in Chromium', async () => {
  expectResult(await page.evaluate(`import('/read.js').then(({ read }) => read(${callArguments()}))`));
});

test('runs in a web worker, in Chromium', async () => {
  expectResult(
    await page.evaluate(`new Promise((resolve, reject) => {
      const worker = new Worker('/worker.js', { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(${callArguments()});
    })`),
  );
});

test('revalidates a response from a page of another origin, in Chromium', async () => {
  const statuses = await page.evaluate(`import('/client/index.js').then(async ({ createClient }) => {
    const [baseUrl, token, id] = ${callArguments()};
    const statuses = [];
    const onResponse = ({ status }) => statuses.push(status);
    const client = createClient({ baseUrl, token, etagCacheSize: 1, onResponse });
    await client.getContact(id);
    await client.getContact(id);
    return statuses;
  })`);
  expect(statuses).toEqual([200, 304]);
});

test('changes a contact from a page of another origin, in Chromium', async () => {
  const id = world.directory.reference.contact;
  const { owner } = (await world.get(`/contacts/${id}`)).json().data.contact;
  const token = world.token({ member_id: owner, scope: 'contacts:read contacts:write' });
  const options = JSON.stringify({ baseUrl: world.program.url, token });
  const city = await page.evaluate(`import('/client/index.js').then(async ({ createClient }) => {
    const client = createClient(${options});
    let ifMatch;
    await client.getContact('${id}', { onResponse: ({ etag }) => (ifMatch = etag) });
    const change = { contact: { city: 'Oslo' } };
    const updated = await client.updateContact('${id}', change, { ifMatch, prefer: 'representation' });
    return updated.contact.city;
  })`);
  expect(city).toBe('Oslo');
});

test('a time-out and an abort end a request, in Chromium', async () => {
  const contactId = world.freshContact();
  await world.sandbox.setFaults({ mode: 'silent', contactId });
  const names = await page.evaluate(`import('/client/index.js').then(async ({ createClient }) => {
    const [baseUrl, token] = ${callArguments()};
    const client = createClient({ baseUrl, token });
    const late = client.getContact('${contactId}', { timeoutMs: 100 });
    const gone = new AbortController();
    const left = client.getContact('${contactId}', { signal: gone.signal });
    gone.abort();
    return Promise.all([late, left].map((call) => call.catch(({ name }) => name)));
  })`);
  await world.sandbox.clearFaults();
  expect(names).toEqual(['TimeoutError', 'AbortError']);
});
