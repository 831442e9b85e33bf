import { randomUUID } from 'node:crypto';
import { exchange } from '../support/http.ts';
import type { TestResponse } from '../support/http.ts';
import { scrape } from '../support/prometheus.ts';
import { expectProblem } from '../support/problem.ts';
import { startProgram } from '../support/start-program.ts';
import type { Program } from '../support/start-program.ts';
import { startSlowUpstream } from '../support/slow-upstream.ts';
import type { SlowUpstream } from '../support/slow-upstream.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv } from '../support/world.ts';

const secret = newSecret();
const [org, member] = [randomUUID(), randomUUID()];

async function withBudget(
  settings: Record<string, string>,
  delayMs: number,
  use: (world: {
    get: (id?: string, signal?: AbortSignal) => Promise<TestResponse>;
    upstream: SlowUpstream;
    program: Program;
  }) => Promise<void>,
): Promise<void> {
  const upstream = await startSlowUpstream(delayMs);
  const program = await startProgram({ ...programEnv(upstream, secret), ...settings });
  const get = (id: string = randomUUID(), signal?: AbortSignal) =>
    exchange(`${program.url}/contacts/${id}`, {
      token: sign(goodClaims(org, member), secret),
      ...(signal && { signal }),
    });
  try {
    await use({ get, upstream, program });
  } finally {
    await program.stop();
    await upstream.stop();
  }
}

const times = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make));

test('never exceeds UPSTREAM_MAX_CONCURRENCY, and serves all queued callers', async () => {
  await withBudget({ UPSTREAM_MAX_CONCURRENCY: '4' }, 100, async ({ get, upstream }) => {
    const answers = await times(40, () => get());
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(upstream.maxInFlight).toBe(4);
  });
});

test('spaces upstream calls evenly for UPSTREAM_MAX_RPS', async () => {
  await withBudget({ UPSTREAM_MAX_RPS: '20' }, 10, async ({ get, upstream }) => {
    const begun = performance.now();
    const answers = await times(30, () => get());
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(upstream.calls).toHaveLength(30);
    // A busy machine makes calls late, never early.
    for (const [index, call] of upstream.calls.entries()) {
      expect(call.at - begun).toBeGreaterThanOrEqual(index * 50 - 5);
    }
  });
});

test('returns 503 with Retry-After when the queue is full or the wait would be too long', async () => {
  const settings = { UPSTREAM_MAX_CONCURRENCY: '1', UPSTREAM_TIMEOUT_MS: '1000' };
  await withBudget(settings, 300, async ({ get, upstream }) => {
    const begun = performance.now();
    const answers = await times(300, () => get());
    const elapsed = performance.now() - begun;
    const refused = answers.filter((answer) => answer.status !== 200);
    // The last calls to start may time out.
    const [late, early] = [504, 503].map((status) => refused.filter((answer) => answer.status === status));
    expect(late!.length).toBeLessThanOrEqual(upstream.calls.length);
    expect(late!.length + early!.length).toBe(refused.length);
    for (const answer of early!) expectProblem(answer, 503, 'UPSTREAM_UNAVAILABLE');
    for (const answer of refused) expect(answer.headers['retry-after']).toBe('1');
    expect(refused.length).toBeGreaterThan(100);
    // Calls run one after another and take 300 ms each.
    expect(upstream.calls.length).toBeLessThanOrEqual(elapsed / 300 + 2);
    // The upstream notices a moment later that a call has timed out.
    expect(upstream.maxInFlight).toBeLessThanOrEqual(late!.length > 0 ? 2 : 1);
    // A full queue does not count as an upstream failure.
    expect((await get()).status).toBe(200);
  });
});

test('makes no upstream call for a caller that disconnects in the queue, and releases the slot of one in flight', async () => {
  await withBudget({ UPSTREAM_MAX_CONCURRENCY: '1' }, 2000, async ({ get, upstream }) => {
    const first = new AbortController();
    const left = [get(randomUUID(), first.signal).catch(() => 'disconnected')];
    await waitFor('the first call', () => upstream.calls.length === 1);
    const waiting = new AbortController();
    const unwanted = randomUUID();
    left.push(get(unwanted, waiting.signal).catch(() => 'disconnected'));
    const wanted = randomUUID();
    const answer = get(wanted);
    waiting.abort();
    first.abort();
    expect(await Promise.all(left)).toEqual(['disconnected', 'disconnected']);
    expect((await answer).status).toBe(200);
    expect(upstream.calls.map((call) => call.contactId)).toContain(wanted);
    expect(upstream.calls.map((call) => call.contactId)).not.toContain(unwanted);
  });
});

test('prioritizes callers over background refreshes', async () => {
  const settings = {
    UPSTREAM_MAX_CONCURRENCY: '1',
    CACHE_TTL_CONTACT_S: '1',
    CACHE_STALE_WHILE_REVALIDATE_S: '600',
  };
  await withBudget(settings, 250, async ({ get, upstream, program }) => {
    const stale = Array.from({ length: 4 }, () => randomUUID());
    await Promise.all(stale.map((id) => get(id)));
    await waitFor('all to be stale', async () => {
      const answers = await Promise.all(stale.slice(-1).map((id) => get(id)));
      return answers.every((answer) => String(answer.headers['cache-status']).includes('stale'));
    });
    upstream.hold();
    await Promise.all(stale.map((id) => get(id)));
    const caller = randomUUID();
    const answer = get(caller);
    await waitFor('the caller to wait behind the refreshes', async () =>
      /^zyntro_bff_upstream_calls_waiting 4$/m.test(await scrape(program.adminUrl)),
    );
    upstream.release();
    expect((await answer).status).toBe(200);
    const order = upstream.calls.slice(4).map((call) => call.contactId);
    expect(order.indexOf(caller)).toBeLessThanOrEqual(2);
  });
});
