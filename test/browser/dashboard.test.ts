import type { Browser, Page } from 'playwright-core';
import { collectPageErrors, launchBrowser, violationsOf } from '../support/browser.ts';
import { startProgram, type Program } from '../support/start-program.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';

const TOKEN = 'an-operator-token-of-enough-length-and-randomness';
let world: World;
let locked: Program;
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
  world = await startWorld();
  locked = await startProgram({ ...programEnv(world.sandbox, world.secret), ADMIN_TOKEN: TOKEN });
});
afterAll(async () => {
  await browser?.close();
  await locked?.stop();
  await world?.stop();
});

/** Software rendering is slow on a busy machine. */
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 180_000;

async function openPage(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  return page;
}

async function enterToken(page: Page, token = TOKEN): Promise<void> {
  await page.fill('#token', token);
  await page.keyboard.press('Enter');
}

/** Returns the value of a tile by its label. */
async function tile(page: Page, name: string): Promise<string> {
  return (await page.textContent(`#tiles div:has(dt:text-is("${name}")) b`)) ?? '';
}

const until = (what: string, probe: () => Promise<boolean>): Promise<boolean> =>
  waitFor(what, probe, STEP_TIMEOUT_MS, 200);

test.each([
  ['light', 'desktop', { width: 1280, height: 900 }],
  ['dark', 'desktop', { width: 1280, height: 900 }],
  ['light', 'phone', { width: 390, height: 844 }],
  ['dark', 'phone', { width: 390, height: 844 }],
] as const)(
  'updates live figures accessibly and without browser errors (%s theme, %s)',
  async (colorScheme, _device, viewport) => {
    const page = await openPage({ colorScheme, viewport });
    const errors = collectPageErrors(page, world.program.adminUrl);
    await page.goto(world.program.adminUrl);
    await page.waitForSelector('#tiles dd');
    const id = world.freshContact();
    await until('the request rate to be shown', async () => {
      await Promise.all([1, 2, 3, 4].map(() => world.get(`/contacts/${id}?include=notes`)));
      return Number.parseFloat(await tile(page, 'Requests')) > 0;
    });
    expect(await tile(page, 'Circuit breaker')).toBe('closed');
    expect(await tile(page, 'Redis')).toBe('none');
    expect(await tile(page, 'Calls saved')).toMatch(/^\d.*%$/);
    expect(await page.textContent('#tables')).toContain('contact');
    // The first interval of the history has to end.
    await page.locator('.chart[aria-label^="Requests. all: "][aria-label*=" now, "]').first().waitFor();
    expect(await page.getAttribute('.chart', 'aria-label')).toMatch(/^Requests\. all: .* now, .* at most/);
    const summary = page.locator('summary').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('details[open] tbody td');
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);
    expect(errors).toEqual([]);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows a current problem, and lists it as past when it is resolved',
  async () => {
    const page = await openPage();
    await page.goto(world.program.adminUrl);
    await world.sandbox.setFaults({ mode: 'error:IP_NOT_WHITELISTED' });
    await world.get(`/contacts/${world.freshContact()}`);
    await page.waitForSelector('#faults:has-text("IP_NOT_WHITELISTED")');
    expect(await page.textContent('#faults')).toMatch(/egress address is not on the developer key's list/);
    expect(await page.textContent('#tables')).toContain('Refused our address');
    expect(await violationsOf(page)).toEqual([]);
    await world.sandbox.clearFaults();
    await world.get(`/contacts/${world.freshContact()}`);
    await page.waitForSelector('#past small');
    expect(await page.textContent('#past')).toMatch(/IP_NOT_WHITELISTED/);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'sends no status requests while paused or hidden',
  async () => {
    const page = await openPage();
    let statusRequests = 0;
    page.on('request', (request) => (statusRequests += request.url().endsWith('/status') ? 1 : 0));
    await page.goto(world.program.adminUrl);
    await until('the second status request', async () => statusRequests >= 2);
    await page.click('#pause');
    // A status request in flight may still complete after the pause.
    await page.waitForLoadState('networkidle');
    const paused = statusRequests;
    await page.waitForTimeout(5000);
    expect(statusRequests).toBe(paused);
    await page.locator('summary').first().click();
    await page.waitForSelector('details[open] tbody td');
    expect(statusRequests).toBe(paused);
    await page.click('#pause');
    await until('status requests to resume', async () => statusRequests > paused);
    await page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: true }); document.dispatchEvent(new Event('visibilitychange'))`,
    );
    await page.waitForLoadState('networkidle');
    const hidden = statusRequests;
    await page.waitForTimeout(5000);
    expect(statusRequests).toBe(hidden);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'asks for the admin token if one is set, and keeps it in its tab only',
  async () => {
    const page = await openPage();
    const answer = await page.goto(locked.adminUrl);
    expect(answer?.status()).toBe(401);
    await page.waitForSelector('#sign-in:not([hidden])');
    expect(await page.isVisible('#page')).toBe(false);
    expect(await violationsOf(page)).toEqual([]);
    await enterToken(page, `${TOKEN}x`);
    // A polled function would need eval, which the page's Content-Security-Policy forbids.
    await page.locator('#sign-in-fault', { hasText: 'not the token' }).waitFor();
    await enterToken(page, '“a token with typographic quotes”');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    // The right token is entered while a wrong one is being checked.
    const { promise: entered, resolve } = Promise.withResolvers<void>();
    await page.route('**/status', (route) => entered.then(() => route.continue()), { times: 1 });
    await enterToken(page, `${TOKEN}x`);
    await enterToken(page);
    resolve();
    await page.waitForSelector('#tiles dd');
    await page.reload();
    await page.waitForSelector('#tiles dd');
    expect(await page.evaluate('localStorage.length + document.cookie.length')).toBe(0);
    expect(page.url()).not.toContain(TOKEN);
    const other = await page.context().browser()!.newPage();
    await other.goto(locked.adminUrl);
    await other.waitForSelector('#sign-in:not([hidden])');
    await other.close();
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows the instance in a browser that blocks the data of sites',
  async () => {
    const page = await openPage();
    await page.addInitScript(
      `Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('blocked', 'SecurityError'); } })`,
    );
    await page.goto(locked.adminUrl);
    await enterToken(page);
    await page.waitForSelector('#tiles dd');
    expect(await page.textContent('#state')).toBe('Ready');
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'goes on after the token was refused and entered again, although it was paused meanwhile',
  async () => {
    const page = await openPage();
    await page.goto(locked.adminUrl);
    await enterToken(page);
    await page.waitForSelector('#tiles dd');
    const { promise: paused, resolve } = Promise.withResolvers<void>();
    const refused = page.route('**/status', (route) => paused.then(() => route.fulfill({ status: 401 })), {
      times: 1,
    });
    const asked = page.waitForRequest('**/status');
    await Promise.all([refused, asked]);
    await page.click('#pause');
    resolve();
    await page.waitForSelector('#sign-in:not([hidden])');
    await enterToken(page);
    await page.waitForSelector('#page:not([hidden])');
    expect(await page.textContent('#pause')).toBe('Pause');
    await page.close();
  },
  TEST_TIMEOUT_MS,
);
