import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { startWorld, type World } from '../support/world.ts';

const TEST_TIMEOUT_MS = 180_000;

let pages: Server;
let origin: string;
let world: World;
let browser: Browser;
beforeAll(async () => {
  pages = createServer((_req, res) => res.setHeader('content-type', 'text/html').end('<title>app</title>'));
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  world = await startWorld({ CORS_ORIGINS: origin });
  browser = await launchBrowser();
}, TEST_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await world?.stop();
  pages?.close();
});

test(
  'a page of another origin reads notes, adds one with an idempotency key, and reads it at once',
  async () => {
    const { org, member, contact } = world.directory.reference;
    const token = world.token({ org_id: org, member_id: member, scope: 'contacts:read notes:write' });
    const page = await browser.newPage();
    await page.goto(origin);
    const [before, status, after] = await page.evaluate(
      async ({ url, jwt }) => {
        const headers = { Authorization: `Bearer ${jwt}` };
        const notes = async () => {
          const response = await fetch(`${url}?include=notes`, { headers });
          const { data } = (await response.json()) as { data: { notes: { content: string }[] | null } };
          return (data.notes ?? []).map(({ content }) => content);
        };
        const first = await notes();
        const written = await fetch(`${url}/notes`, {
          method: 'POST',
          headers: {
            ...headers,
            'Content-Type': 'application/json',
            'Idempotency-Key': `"${crypto.randomUUID()}"`,
          },
          body: JSON.stringify({ content: 'From the browser' }),
        });
        return [first, written.status, await notes()] as const;
      },
      { url: `${world.program.url}/contacts/${contact}`, jwt: token },
    );
    expect(before).not.toContain('From the browser');
    expect(status).toBe(201);
    expect(after).toContain('From the browser');
    await page.close();
  },
  TEST_TIMEOUT_MS,
);
