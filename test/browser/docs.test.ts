import type { Browser, Page } from 'playwright-core';
import { collectPageErrors, launchBrowser, violationsOf } from '../support/browser.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
  // The page has every operation.
  world = await startWorld({ ZYNTRO_BRAND_ID: '101' });
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Software rendering is slow on a busy machine. */
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 180_000;
const MAX_HEIGHT_PX = 4000;
const DARK_BACKGROUND = 'rgb(18, 22, 28)';

async function openDocs(page: Page, operation = 'getContact'): Promise<void> {
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  await page.goto(`${world.program.url}/docs`);
  await page.click(`#${operation} > summary`);
  await page.waitForSelector(`#${operation} button`);
}

async function execute(page: Page, operation = 'getContact'): Promise<{ status: string; body: string }> {
  await page.click(`#${operation} button[type=submit]`);
  const body = await page.textContent(`#${operation} [aria-label="Response body"]`);
  return { status: (await page.textContent(`#${operation} .status`)) ?? '', body: body ?? '' };
}

async function authorize(page: Page, scope = 'contacts:read'): Promise<void> {
  await page.fill('#token', `Bearer ${world.token({ scope })}`);
  await page.click('#authorize button[type=submit]');
  await page.waitForSelector('#forget:visible');
}

const sizeOf = (page: Page): Promise<{ width: number; height: number }> =>
  page.evaluate(
    '({ width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })',
  );

/** Opens the folded sections that match, those of opened sections included. */
async function unfold(page: Page, selector: string): Promise<void> {
  const closed = page.locator(`${selector}:not([open])`);
  while ((await closed.count()) > 0) {
    await page.evaluate(
      `for (const section of document.querySelectorAll('${selector}:not([open])')) section.open = true`,
    );
    // The toggle events, which add the content, come before the next two frames.
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    );
  }
}

test.each([
  ['light', 'desktop', { width: 1280, height: 900 }],
  ['dark', 'phone', { width: 390, height: 844 }],
] as const)(
  'sends a request with a token from /docs and shows the response (%s theme, %s)',
  async (colorScheme, _device, viewport) => {
    const page = await browser.newPage({ colorScheme, viewport });
    const errors = collectPageErrors(page, world.program.url);
    await openDocs(page);
    expect((await sizeOf(page)).height).toBeLessThan(MAX_HEIGHT_PX);
    await authorize(page);
    await page.check('#getContact [data-name="include"] [value="notes"]');
    await page.check('#getContact [data-name="include"] [value="entity"]');
    const { status, body } = await execute(page);
    expect(status).toMatch(/^200 OK, \d+ ms$/);
    const { data } = JSON.parse(body) as { data: Record<string, unknown> };
    expect(Object.keys(data)).toEqual(['contact', 'notes', 'entity']);
    expect(data['contact']).toMatchObject({ name: 'Jane Smith' });
    const { width, height } = await sizeOf(page);
    expect(width).toBeLessThanOrEqual(viewport.width);
    expect(height).toBeLessThan(MAX_HEIGHT_PX);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background === DARK_BACKGROUND).toBe(colorScheme === 'dark');
    expect(errors).toEqual([]);
    expect(await violationsOf(page)).toEqual([]);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows every operation of the document without accessibility violations',
  async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    const errors = collectPageErrors(page, world.program.url);
    await openDocs(page);
    await unfold(page, '.operation');
    await unfold(page, '#patchContact details');
    const { paths } = (await world.get('/openapi.json')).json();
    const methods = Object.values(paths as Record<string, object>).flatMap((path) => Object.keys(path));
    expect(await page.locator('.operation form').count()).toBe(methods.length);
    expect(await page.textContent('#patchContact table')).toContain('CONTACT_NOT_FOUND');
    expect((await sizeOf(page)).width).toBeLessThanOrEqual(390);
    // The check of the contrast is slow. The operations have the same colours.
    expect(await violationsOf(page, { except: ['color-contrast'] })).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violationsOf(page, { within: '#patchContact', only: ['color-contrast'] })).toEqual([]);
    }
    expect(errors).toEqual([]);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'folds the errors of an operation',
  async () => {
    const page = await browser.newPage();
    await openDocs(page);
    const folded = page.locator('#getContact > details:not([open]) > summary', { hasText: 'Errors' });
    expect(await folded.textContent()).toMatch(/^Errors: 400, 401, .*504$/);
    expect(await page.locator('#getContact table').count()).toBe(0);
    await folded.click();
    await page.waitForSelector('#getContact table');
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'sends the body and the headers of a write, and shows the command without the token',
  async () => {
    const page = await browser.newPage();
    await openDocs(page, 'createNote');
    await authorize(page, 'notes:write');
    await page.click('#createNote form summary:has-text("Fields of the body")');
    await page.waitForSelector('#createNote form li:has-text("visible boolean")');
    await page.fill('#createNote-body', `{"content":"It's from the page"}`);
    await page.click('#createNote form summary:has-text("Request headers")');
    await page.fill('#createNote-Idempotency-Key', 'from-the-page');
    const first = await execute(page, 'createNote');
    expect(first.status).toMatch(/^201 /);
    expect(JSON.parse(first.body).data).toMatchObject({ content: "It's from the page" });
    const again = await execute(page, 'createNote');
    expect(again.body).toBe(first.body);
    await page.click('#createNote summary:has-text("curl")');
    const command = await page.textContent('#createNote [aria-label="curl"]');
    expect(command).toContain('Bearer $TOKEN');
    expect(command).toContain(`--data-raw '{"content":"It'\\''s from the page"}'`);
    expect(command).not.toContain('eyJ');
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'opens the operation that the address names, which is the last one opened',
  async () => {
    const page = await browser.newPage();
    await openDocs(page, 'getMembers');
    expect(page.url()).toMatch(/#getMembers$/);
    await page.reload();
    await page.waitForSelector('#getMembers[open] button');
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'forgets the token on reload, and shows the problem response without a token',
  async () => {
    const page = await browser.newPage();
    await openDocs(page);
    await authorize(page);
    expect((await execute(page)).status).toMatch(/^200 /);
    expect(await page.inputValue('#token')).toBe('');
    await page.reload();
    await page.waitForSelector('#getContact button');
    const { status, body } = await execute(page);
    expect([status.slice(0, 3), JSON.parse(body).code]).toEqual(['401', 'MISSING_TOKEN']);
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'says so if the document cannot be loaded',
  async () => {
    const page = await browser.newPage();
    await page.route('**/openapi.json', (route) => route.abort());
    await page.goto(`${world.program.url}/docs`);
    await page.waitForSelector('#fault:has-text("could not be loaded")');
    await page.close();
  },
  TEST_TIMEOUT_MS,
);
