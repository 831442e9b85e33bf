import { launchBrowser } from '../support/browser.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { keepScreenshot } from '../support/screenshot.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorld, type World } from '../support/world.ts';
import type { Browser, Page } from 'playwright-core';

/** Whether the dashboard alone names the cause of a fault, and the thing to do. */
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 300_000;

let browser: Browser;
let redis: RedisServer;
let world: World;
let page: Page;
beforeAll(async () => {
  [browser, redis] = await Promise.all([launchBrowser(), startRedis()]);
  world = await startWorld({
    REDIS_URL: redis.url,
    REDIS_TIMEOUT_MS: '200',
    UPSTREAM_TIMEOUT_MS: '2000',
    RATE_LIMIT_TIERS: '{"default":{"limit":100000,"windowS":60}}',
  });
  page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  await page.goto(world.program.adminUrl);
}, TEST_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await world?.stop();
  await redis?.stop();
});

const read = (count = 1) =>
  Promise.all(Array.from({ length: count }, () => world.get(`/contacts/${world.freshContact()}`)));
const failUpstream = (mode: string) => async () => {
  await world.sandbox.setFaults({ mode });
  await read(3);
};
const mendUpstream = async () => {
  await world.sandbox.clearFaults();
};

interface Fault {
  readonly inject: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
  /** The part of the page and the words that name the cause. */
  readonly shows: RegExp;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'an address that is not on the list': {
    inject: failUpstream('error:IP_NOT_WHITELISTED'),
    mend: mendUpstream,
    shows: /address is not on the developer key's list: .* check EGRESS_LOCAL_ADDRESS/,
  },
  'a wrong API key': {
    inject: failUpstream('error:INVALID_API_KEY'),
    mend: mendUpstream,
    shows: /check ZYNTRO_API_KEY/,
  },
  'a deactivated account': {
    inject: failUpstream('error:USER_INACTIVE'),
    mend: mendUpstream,
    shows: /account of this API key is deactivated/,
  },
  'a Redis that hangs': {
    inject: async () => {
      redis.signal('SIGSTOP');
      await read();
    },
    mend: async () => redis.signal('SIGCONT'),
    shows: /redis TIMEOUT: Redis is connected and does not respond in time/,
  },
  'a Redis that refuses writes': {
    inject: async () => {
      await redis.cli('config', 'set', 'maxmemory', '1', 'maxmemory-policy', 'noeviction');
      await read();
    },
    mend: () => redis.cli('config', 'set', 'maxmemory', '0'),
    shows: /OOM: Redis is full .* set maxmemory-policy/,
  },
  'a wrong developer secret': {
    inject: failUpstream('error:INVALID_DEVELOPER_SECRET'),
    mend: mendUpstream,
    shows: /check ZYNTRO_DEVELOPER_SECRET/,
  },
  'an upstream that answers with something else': {
    inject: failUpstream('html'),
    mend: mendUpstream,
    shows: /Invalid response[1-9]/,
  },
  'an upstream that does not answer': {
    inject: async () => {
      await world.sandbox.setFaults({ mode: 'silent' });
      await read(8);
    },
    mend: mendUpstream,
    shows: /Timeout[1-9]/,
  },
};

test.each(Object.entries(FAULTS))(
  'names the cause of %s',
  async (name, { inject, mend, shows }) => {
    await inject();
    try {
      await page.locator('main', { hasText: shows }).waitFor();
      await keepScreenshot(page, `dashboard-cause-${name.replaceAll(' ', '-')}`);
    } finally {
      await mend();
    }
    // The next fault has to be one of its own.
    await waitFor('the fault to end', async () => {
      // The sandbox has fewer contacts than a fast machine asks for.
      await world.get(`/contacts/${crypto.randomUUID()}`);
      return world.admin('/readyz').then((answer) => answer.json().status === 'ready');
    });
  },
  TEST_TIMEOUT_MS,
);
