import { once, EventEmitter } from 'node:events';
import { reportJwks } from '../../src/auth/report-jwks.ts';
import { createTrustedIssuers, type IssuerSettings } from '../../src/auth/trusted-issuers.ts';
import { Health } from '../../src/telemetry/health.ts';
import { silentLog } from '../../src/telemetry/log.ts';

const NEVER_MS = 1_000_000;

function issuer(name: string | undefined, uri = 'https://keys.example/unreachable'): IssuerSettings {
  return {
    issuer: name,
    audience: 'zyntro-bff',
    keys: [],
    jwks: { uri: new URL(uri), algorithms: new Set(['ES256']) },
    claims: { org: 'org_id', member: 'member_id', tier: 'rate_tier', scopes: ['scope'] },
    tier: undefined,
  };
}

let close = (): void => {};
afterEach(() => close());

/** Creates issuers whose key sets cannot be fetched. */
async function start(...all: IssuerSettings[]) {
  const health = new Health(Date.now);
  const fetched = new EventEmitter();
  const { onFetched, onReplaced } = reportJwks({ log: silentLog(), health });
  const issuers = createTrustedIssuers(all, {
    refreshMs: NEVER_MS,
    minDemandMs: NEVER_MS,
    maxKeys: 10,
    now: Date.now,
    monotonicNow: () => performance.now(),
    random: () => 1,
    fetchJwks: () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })),
    onFetched(settings, state) {
      onFetched(settings, state);
      fetched.emit(String(settings.issuer));
    },
    onReplaced,
  });
  close = () => issuers.close();
  const fetchOf = (settings: IssuerSettings) => once(fetched, String(settings.issuer));
  await Promise.all(all.map(fetchOf));
  return {
    components: () => health.report().reasons.map(({ component }) => component),
    /** Replaces the issuers, and waits for the first fetch of those that are new. */
    reload: async (next: IssuerSettings[], isNew: IssuerSettings[] = []): Promise<void> => {
      const replacement = issuers.prepare(next);
      const fetches = Promise.all(isNew.map(fetchOf));
      replacement.commit();
      await fetches;
    },
    discard: (next: IssuerSettings[]) => issuers.prepare(next).discard(),
  };
}

const [ONE, TWO] = [issuer('https://one.example'), issuer('https://two.example')];

test.each([
  ['the issuer', ONE, 'jwks of https://one.example'],
  ['nothing if tokens of any issuer are accepted', issuer(undefined), 'jwks'],
])('the fault of a single key set is named after %s', async (_name, settings, component) => {
  const { components } = await start(settings);
  expect(components()).toEqual([component]);
});

test('a reload from one issuer to two reports each under its own name', async () => {
  const { reload, components } = await start(ONE);
  await reload([ONE, TWO], [TWO]);
  expect(components()).toEqual(['jwks of https://one.example', 'jwks of https://two.example']);
});

test('a reload ends the fault of a removed issuer, and keeps that of the other', async () => {
  const { reload, components } = await start(ONE, TWO);
  await reload([TWO]);
  expect(components()).toEqual(['jwks of https://two.example']);
});

test('a reload with another URL ends the fault until the new URL fails as well', async () => {
  const { reload, components } = await start(ONE);
  const moved = issuer('https://one.example', 'https://keys.example/moved');
  const reloaded = reload([moved], [moved]);
  expect(components()).toEqual([]);
  await reloaded;
  expect(components()).toEqual(['jwks of https://one.example']);
});

test('a reload that is discarded keeps the faults of the current issuers', async () => {
  const { discard, components } = await start(ONE);
  discard([issuer('https://one.example', 'https://keys.example/moved'), TWO]);
  expect(components()).toEqual(['jwks of https://one.example']);
});
