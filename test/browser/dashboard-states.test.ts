import { hostname } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, violationsOf } from '../support/browser.ts';
import type { Environment } from '../support/child.ts';
import { huesOf, keepScreenshot, type Hue } from '../support/screenshot.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorld, type World } from '../support/world.ts';

/** The dashboard under the states of an instance, as users notice them. */
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 180_000;

let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()));
afterAll(async () => browser?.close());

let world: World;
afterEach(async () => world?.stop());

async function startPage(
  env: Environment = {},
  before: () => Promise<unknown> = async () => {},
): Promise<Page> {
  world = await startWorld(env);
  await before();
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  await page.goto(world.program.adminUrl);
  await page.waitForSelector('#tiles dd');
  return page;
}

const getContacts = (count: number) =>
  Promise.all(Array.from({ length: count }, () => world.get(`/contacts/${world.freshContact()}`)));

const lookUp = (email: string) =>
  world.get('/contacts/lookup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  });

/** Waits for the state, and checks its color, the title and the accessibility rules. */
async function expectState(page: Page, state: string, hue: Hue): Promise<void> {
  const badge = page.locator(`#state:text-is("${state}")`);
  await badge.waitFor();
  await keepScreenshot(page, `dashboard-${expect.getState().currentTestName}`.replaceAll(/[^\w-]+/g, '-'));
  expect((await huesOf(badge)).get(hue) ?? 0).toBeGreaterThan(0.4);
  expect(await page.title()).toBe(`${state} – ${hostname()} – zyntro-bff`);
  expect(await page.textContent('#host')).toBe(hostname());
  expect(await violationsOf(page)).toEqual([]);
}

const DAY_S = 86_400;

function secondsOfDay(time: string): number {
  const [hours, minutes, seconds] = time.split(':').map(Number);
  return hours! * 3600 + minutes! * 60 + seconds!;
}

const tile = (page: Page, name: string) => page.locator(`#tiles div:has(dt:text-is("${name}"))`);

test(
  'shows a working instance as ready, in green',
  async () => {
    const page = await startPage({}, async () => {
      const path = `/contacts/${world.freshContact()}`;
      for (let read = 0; read < 4; read += 1) await world.get(path);
      for (let call = 0; call < 4; call += 1) await lookUp(`unknown-${call}@example.com`);
    });
    await expectState(page, 'Ready', 'green');
    expect(await page.textContent('#summary')).toBe('No request of the last minute failed.');
    expect(await page.textContent('#faults')).toBe('None.');
    // The calls of the look-ups are not among them.
    expect(await tile(page, 'Calls saved').textContent()).toContain('75\u00a0%4 contacts, 1 calls so far');
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows an instance whose requests fail as failing, with the share and the calls that were not made',
  async () => {
    const page = await startPage({}, async () => {
      await getContacts(1);
      await world.sandbox.setFaults({ mode: 'http-500' });
      for (let count = 0; count < 120; count += 1) await world.get(`/contacts/${crypto.randomUUID()}`);
    });
    await expectState(page, 'Failing', 'red');
    expect(await page.textContent('#summary')).toMatch(
      /^(9\d|100) % of the requests of the last (minute|ten minutes) failed \(\d+ of \d+\)\.$/,
    );
    expect(await page.textContent('#faults')).toContain('circuit breaker open');
    const breaker = tile(page, 'Circuit breaker');
    expect(await breaker.textContent()).toMatch(/open\d+ calls not made in the last minute/);
    expect(await breaker.getAttribute('class')).toBe('bad');
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows calls that are not made while the circuit breaker is closed',
  async () => {
    const page = await startPage({}, async () => {
      await world.sandbox.setFaults({ mode: 'error:INVALID_API_KEY' });
      for (let call = 0; call < 30; call += 1) await getContacts(1);
    });
    await expectState(page, 'Failing', 'red');
    const breaker = tile(page, 'Circuit breaker');
    expect(await breaker.textContent()).toMatch(/closed\d+ calls not made in the last minute/);
    expect(await breaker.getAttribute('class')).toBe('bad');
    expect(await page.textContent('#faults')).toMatch(/calls to Zyntro were not made .* rejected/);
    expect(await page.textContent('#faults')).toContain('check ZYNTRO_API_KEY');
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows an instance that answers slowly as failing',
  async () => {
    const page = await startPage({}, async () => {
      await world.sandbox.setFaults({ delayMs: 3400 });
      await getContacts(8);
    });
    await expectState(page, 'Failing', 'red');
    expect(await page.textContent('#summary')).toMatch(/^Half of the responses take over \d(\.\d)? s\.$/);
    expect(await tile(page, 'Response time').getAttribute('class')).toBe('bad');
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows an instance with a fault that users do not notice as degraded',
  async () => {
    const page = await startPage({ CACHE_TTL_CONTACT_S: '1', CACHE_STALE_WHILE_REVALIDATE_S: '60' });
    const path = `/contacts/${world.freshContact()}`;
    await world.get(path);
    await world.sandbox.setFaults({ mode: 'error:IP_NOT_WHITELISTED' });
    const state = page.locator('#state:text-is("Degraded")');
    while (!(await state.isVisible())) await world.get(path);
    await expectState(page, 'Degraded', 'orange');
    expect(await page.textContent('#faults')).toContain('IP_NOT_WHITELISTED');
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows the minutes before the page was opened in its charts',
  async () => {
    const page = await startPage({}, async () => {
      await getContacts(5);
      await waitFor(
        'two intervals of the history',
        async () => (await world.admin('/status')).json().history.length >= 2,
      );
    });
    const opened = await page.evaluate<number>('performance.timeOrigin');
    const chart = page.locator('figure').first();
    await chart.locator('summary').click();
    await chart.locator('tbody th').first().waitFor();
    const times = await chart.locator('tbody th').allTextContents();
    const openedAt = secondsOfDay(new Date(opened).toLocaleTimeString('en-GB'));
    // Modulo a day, because midnight may be between the two.
    const ages = times.map((time) => (openedAt - secondsOfDay(time) + DAY_S) % DAY_S);
    expect(ages.some((age) => age > 0 && age < 600)).toBe(true);
    expect((await huesOf(chart.locator('.chart'))).get('blue') ?? 0).toBeGreaterThan(0.001);
    expect(await chart.locator('.chart').getAttribute('aria-label')).not.toContain(
      'all: 0/s now, 0/s at most',
    );
    // There is no response time without a request, so it is not zero.
    const responseTime = page.locator('figure:has-text("Response time") .chart');
    expect(await responseTime.getAttribute('aria-label')).toMatch(
      /^Response time\. median: no value now, (?!0 )[\d.]+ m?s at most; 95th percentile: no value now, /,
    );
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows a process that has gone, and none of its figures as the present',
  async () => {
    const page = await startPage({}, () => getContacts(2));
    await page.waitForSelector('#state:text-is("Ready")');
    world.program.signal('SIGKILL');
    await expectState(page, 'Gone', 'red');
    expect(await page.textContent('#faults')).toMatch(
      /^process This instance does not respond\..*The figures below are of \d\d\//,
    );
    for (const part of ['#tiles', '#charts']) {
      const hues = await huesOf(page.locator(part));
      for (const hue of ['green', 'red', 'blue'] as const) expect(hues.get(hue) ?? 0).toBeLessThan(0.001);
    }
  },
  TEST_TIMEOUT_MS,
);

test(
  'shows an instance that answers without figures as such, and not as gone',
  async () => {
    const page = await startPage({}, () => getContacts(2));
    await page.waitForSelector('#state:text-is("Ready")');
    // As when one of several workers does not respond.
    await page.route('**/status', (route) => route.fulfill({ status: 503 }));
    await expectState(page, 'No figures', 'orange');
    expect(await page.textContent('#faults')).toMatch(
      /^process This instance responds with status 503, .*The figures below are of \d\d\//,
    );
    expect((await huesOf(page.locator('#tiles'))).get('green') ?? 0).toBeLessThan(0.001);
    await page.unroute('**/status');
    await page.waitForSelector('#state:text-is("Ready")');
  },
  TEST_TIMEOUT_MS,
);

const LONG_HOST = `${'egress-proxy-of-the-customer-relationship-team'.repeat(2)}.internal`;
test.each([
  ['an egress address', { EGRESS_LOCAL_ADDRESS: '127.0.0.1' }, 'an address of this machine', 1100],
  ['an egress address on a phone', { EGRESS_LOCAL_ADDRESS: '127.0.0.1' }, 'an address of this machine', 320],
  ['a long egress proxy', { EGRESS_PROXY_URL: `http://${LONG_HOST}:8888` }, LONG_HOST, 1100],
])(
  'keeps every text within its tile: %s',
  async (_name, env, text, width) => {
    const page = await startPage(env, () => getContacts(1));
    await page.setViewportSize({ width, height: 800 });
    await keepScreenshot(page, `dashboard-text-${width}-${text.slice(0, 12)}`);
    expect(await page.textContent('#tiles')).toContain(text);
    const wide = await page.evaluate(`[...document.querySelectorAll('#tiles div, #faults li, table')]
      .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)`);
    expect(wide).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  },
  TEST_TIMEOUT_MS,
);
