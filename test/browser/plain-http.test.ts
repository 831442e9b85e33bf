import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { startWorld, type World } from '../support/world.ts';

const ADMIN_TOKEN = 'an-operator-token-of-enough-length-and-randomness';
/** A name that browsers do not treat as loopback, so `upgrade-insecure-requests` would apply. */
const HOST = 'pages.example';
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 180_000;

let world: World;
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser(`--host-resolver-rules=MAP ${HOST} 127.0.0.1`);
  world = await startWorld({ ADMIN_TOKEN });
}, TEST_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

async function openPage(url: string): Promise<{ page: Page; failed: string[] }> {
  const page = await browser.newPage();
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  const failed: string[] = [];
  page.on('requestfailed', (request) => failed.push(request.url()));
  page.on('pageerror', (error) => failed.push(error.message));
  await page.goto(url);
  return { page, failed };
}

test(
  'shows /docs over plain http on a host that is not loopback',
  async () => {
    const { page, failed } = await openPage(`http://${HOST}:${world.program.port}/docs`);
    await page.waitForSelector('#getContact');
    expect(failed).toEqual([]);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows the dashboard over plain http on a host that is not loopback',
  async () => {
    const { page, failed } = await openPage(`http://${HOST}:${world.program.adminPort}/`);
    await page.fill('#token', ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#tiles dd');
    expect(failed).toEqual([]);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);
