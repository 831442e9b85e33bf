import { randomUUID } from 'node:crypto';
import { OPERATIONS } from '../../src/operations/index.ts';
import { exchange, rawExchange } from '../support/http.ts';
import { readExposition, scrape, type Exposed } from '../support/prometheus.ts';
import { API_KEY, DEVELOPER_SECRET } from '../support/start-sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorld, type World } from '../support/world.ts';

const ADMIN_TOKEN = 'an-operator-token-of-enough-length-and-randomness';
let world: World;
beforeAll(async () => {
  world = await startWorld({
    ADMIN_TOKEN,
    EGRESS_PROXY_URL: 'http://egress-user:egress-password@127.0.0.1:9',
  });
});
afterAll(() => world?.stop());

const metrics = async (): Promise<Map<string, Exposed>> =>
  readExposition(await scrape(world.program.adminUrl, ADMIN_TOKEN));

/** The allowed values of each label of this program, for any request. */
const CLOSED: Readonly<Record<string, RegExp>> = {
  route: new RegExp(
    `^(${[...new Set(OPERATIONS.map(({ path }) => path))].join('|')}|/|/(openapi\\.json|healthz|readyz|metrics|status|invalidations|revocations|docs)|/docs/[\\w.-]+|/page/[\\w.]+|unmatched)$`,
  ),
  operation: new RegExp(`^(${OPERATIONS.map(({ id }) => id).join('|')})$`),
  method: /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|other)$/,
  status: /^[2-5]\d\d$/,
  part: /^(contact|notes|entity|profile|signals)$/,
  outcome: /^[a-z]+$|^[A-Z_]+$/,
  result: /^[a-z]+$/,
  purpose: /^(caller|retry|refresh)$/,
  reason: /^[A-Z_]+$/,
  code: /^[A-Z_]+$/,
  tier: /^[\w-]+$/,
  decision: /^[a-z]+$/,
  component: /^[\w :]+$/,
  issuer: /^\d+$/,
  version: /^\d/,
  node: /^v\d/,
  le: /^(\+Inf|[\d.e-]+)$/,
};

/** Returns the label values of the metrics of this program, by metric. */
function counts(exposed: Map<string, Exposed>): Map<string, string[]> {
  return new Map(
    [...exposed]
      .filter(([name]) => name.startsWith('zyntro_bff_'))
      .map(([name, { values }]) => [
        name,
        [...values].flatMap(([label, seen]) => [...seen].map((one) => `${label}=${one}`)).toSorted(),
      ]),
  );
}

async function hostileRequests(mark: string): Promise<void> {
  const paths = [
    `/${mark}`,
    `/contacts/${mark}`,
    `/contacts/${randomUUID()}`,
    `/contacts/${randomUUID()}/${mark}`,
    `/contacts/${randomUUID()}?include=${mark}`,
    `/contacts?ids=${mark}&include=${mark}`,
    `/contacts/${randomUUID()}?fields[${mark}]=${mark}`,
    `/docs/${mark}`,
    `/healthz/${mark}`,
    `//${mark}`,
    `/contacts/%00${mark}`,
    `/contacts/%zz${mark}`,
    `/CONTACTS/${mark}`,
  ];
  for (const path of paths)
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'PROPFIND', 'SEARCH'])
      await world.get(path, { method, headers: { 'x-request-id': mark, 'user-agent': mark } });
  await world.get('/contacts', { token: world.token({ iss: mark }) });
  await world.get(`/contacts/${randomUUID()}`, { token: world.token({ sub: mark, rate_tier: mark }) });
  await world.get(`/contacts/${randomUUID()}`, { token: `${mark}.${mark}.${mark}` });
  await rawExchange(world.program.port, `${mark.toUpperCase()} /${mark} HTTP/1.1\r\nHost: x\r\n\r\n`);
  for (const path of [`/${mark}`, `/page/${mark}`, `/invalidations/${mark}`, `/status/${mark}`])
    await world.admin(path, { token: ADMIN_TOKEN });
}

test('hostile requests create only known label values', async () => {
  await metrics();
  await hostileRequests('firstmark');
  const before = counts(await metrics());
  for (const mark of ['othermark', 'thirdmark']) await hostileRequests(mark);
  const after = await metrics();
  expect(Object.fromEntries(counts(after))).toEqual(Object.fromEntries(before));
  for (const [name, { values }] of after) {
    if (!name.startsWith('zyntro_bff_')) continue;
    for (const [label, seen] of values)
      for (const value of seen)
        expect([name, label, value]).toEqual([name, label, expect.stringMatching(CLOSED[label]!)]);
  }
  expect(await scrape(world.program.adminUrl, ADMIN_TOKEN)).not.toMatch(/mark/i);
});

test('metrics and status contain no secrets and no personal data', async () => {
  const contact = world.freshContact();
  await world.get(`/contacts/${contact}?include=notes`);
  const status = await world.admin('/status', { token: ADMIN_TOKEN });
  expect(status.headers['cache-control']).toBe('no-store');
  expect(status.json().egress).toEqual({ localAddress: null, proxy: '127.0.0.1:9' });
  const org = world.directory.orgs[0]!;
  for (const text of [status.text, await scrape(world.program.adminUrl, ADMIN_TOKEN)])
    for (const secret of [
      API_KEY,
      DEVELOPER_SECRET,
      ADMIN_TOKEN,
      world.secret,
      'egress-user',
      'egress-password',
      contact,
      org.id,
      org.members[0]!,
    ])
      expect(text).not.toContain(secret);
});

type Samples = Readonly<Record<string, readonly { labels: object; value: number }[]>>;

/** Returns the labels and values of the series that have counted something. */
function counted(status: { readonly metrics: Samples }, name: string): [object, number][] {
  return status.metrics[name]!.filter(({ value }) => value > 0).map(({ labels, value }) => [labels, value]);
}

test('/status reports the metrics and current and past problems', async () => {
  const own = await startWorld();
  try {
    const id = own.freshContact();
    await own.get(`/contacts/${id}?include=notes`);
    await own.get(`/contacts/${id}?include=notes`);
    const first = (await own.admin('/status')).json();
    expect(counted(first, 'contact_reads_total')).toEqual([
      [{ result: 'hit' }, 1],
      [{ result: 'miss' }, 1],
    ]);
    expect(counted(first, 'upstream_calls_total')).toEqual([[{ purpose: 'caller', outcome: 'SUCCESS' }, 1]]);
    expect(first).toMatchObject({ status: 'ready', reasons: [], past: [] });
    await own.sandbox.setFaults({ mode: 'error:IP_NOT_WHITELISTED' });
    await own.get(`/contacts/${own.freshContact()}`);
    expect((await own.admin('/status')).json().reasons).toEqual([
      {
        component: 'upstream',
        detail: expect.stringContaining('IP_NOT_WHITELISTED'),
        since: expect.any(String),
      },
    ]);
    await own.sandbox.clearFaults();
    await own.get(`/contacts/${own.freshContact()}`);
    const last = await waitFor('the problem to end', async () => {
      const status = (await own.admin('/status')).json();
      return status.past.length > 0 && status;
    });
    expect(last.reasons).toEqual([]);
    expect(last.past).toEqual([
      {
        component: 'upstream',
        detail: expect.stringContaining('IP_NOT_WHITELISTED'),
        since: expect.any(String),
        until: expect.any(String),
      },
    ]);
  } finally {
    await own.stop();
  }
});

test('serves only the files of the admin page', async () => {
  const page = await exchange(`${world.program.adminUrl}/`, { token: ADMIN_TOKEN });
  expect(page.status).toBe(200);
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  const links = [...page.text.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, link]) => String(link));
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect([link, (await world.admin(`/${link}`)).status]).toEqual([link, 200]);
  expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=/);
  for (const path of ['/page/index.html', '/page/../package.json', '/page/%2e%2e/metrics', '/page/'])
    expect([path, (await world.admin(path)).status]).toEqual([path, 404]);
  expect((await world.get('/')).status).toBe(404);
  expect((await world.get('/status')).status).toBe(404);
});
