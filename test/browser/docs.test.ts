import type { Browser, Page } from 'playwright-core';
import { collectPageErrors, launchBrowser, violationsOf } from '../support/browser.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
  world = await startWorld();
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Software rendering is slow on a busy machine. */
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 180_000;

/** Violations in the markup of Swagger UI itself. */
const SWAGGER_UI_VIOLATIONS = [
  'heading-order',
  'nested-interactive',
  'region',
  'scrollable-region-focusable',
  'select-name',
];
const OPERATION = '#operations-Contacts-getContact';

async function openDocs(page: Page): Promise<void> {
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  await page.goto(`${world.program.url}/docs`);
  await page.click(`${OPERATION} .opblock-summary-control`);
  await page.waitForSelector(`${OPERATION} .execute`);
}

async function execute(page: Page): Promise<{ status: number; body: string }> {
  await page.click(`${OPERATION} .execute`);
  const row = `${OPERATION} .live-responses-table tr.response`;
  await page.waitForSelector(`${row} .highlight-code`);
  return {
    status: Number.parseInt((await page.textContent(`${row} .response-col_status`)) ?? '', 10),
    body: (await page.textContent(`${row} .response-col_description pre`)) ?? '',
  };
}

async function authorize(page: Page): Promise<void> {
  await page.click('.schemes-server-container .authorize, .scheme-container .authorize');
  await page.fill('.auth-container input', world.token());
  await page.click('.auth-btn-wrapper .authorize');
  await page.click('.auth-btn-wrapper .btn-done');
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
    await authorize(page);
    const include = `${OPERATION} [data-param-name="include"] select[multiple]`;
    await page.selectOption(include, ['notes', 'entity']);
    const { status, body } = await execute(page);
    expect(status).toBe(200);
    const { data } = JSON.parse(body) as { data: Record<string, unknown> };
    expect(Object.keys(data)).toEqual(['contact', 'notes', 'entity']);
    expect(data['contact']).toMatchObject({ name: 'Jane Smith' });
    expect(await page.evaluate('document.documentElement.className')).toBe(
      colorScheme === 'dark' ? 'dark-mode' : '',
    );
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);
    expect(errors).toEqual([]);
    expect((await violationsOf(page)).filter((id) => !SWAGGER_UI_VIOLATIONS.includes(id))).toEqual([]);
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
    expect((await execute(page)).status).toBe(200);
    await page.reload();
    await openDocs(page);
    const { status, body } = await execute(page);
    expect([status, JSON.parse(body).code]).toEqual([401, 'MISSING_TOKEN']);
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
    await page.close();
  },
  TEST_TIMEOUT_MS,
);
