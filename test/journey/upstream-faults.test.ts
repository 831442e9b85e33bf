import { readFileSync } from 'node:fs';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { Faults } from '../support/start-sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

const TIMEOUT_MS = 2000;
/** The timeout of a whole call, with a margin for a busy machine. */
const BOUND_MS = TIMEOUT_MS + 10_000;

let world: World;
let probe: string;
let bypassing: string;
beforeAll(async () => {
  world = await startWorld({ UPSTREAM_TIMEOUT_MS: String(TIMEOUT_MS) });
  probe = world.freshContact();
  bypassing = world.token({ scope: 'contacts:read cache:bypass' });
});
afterAll(() => world?.stop());
afterEach(async () => {
  await world.sandbox.clearFaults();
  await waitFor('a 200 after the failure', async () => {
    const headers = { 'cache-control': 'no-cache' };
    return (await world.get(`/contacts/${probe}`, { token: bypassing, headers })).status === 200;
  });
});

const UNAVAILABLE = [503, 'UPSTREAM_UNAVAILABLE'] as const;
const TIMED_OUT = [504, 'UPSTREAM_TIMEOUT'] as const;
const BAD = [502, 'UPSTREAM_BAD_RESPONSE'] as const;

const TABLE: readonly (readonly [Faults, number, string])[] = [
  [{ mode: 'reset' }, ...UNAVAILABLE],
  [{ mode: 'http-500' }, ...UNAVAILABLE],
  [{ mode: 'http-429', retryAfterS: 3 }, ...UNAVAILABLE],
  [{ mode: 'silent' }, ...TIMED_OUT],
  [{ mode: 'headers-then-silence' }, ...TIMED_OUT],
  [{ mode: 'slow-drip', dripMs: 100 }, ...TIMED_OUT],
  [{ delayMs: 600_000 }, ...TIMED_OUT],
  [{ mode: 'malformed' }, ...BAD],
  [{ mode: 'html' }, ...BAD],
  [{ mode: 'redirect' }, ...BAD],
  [{ mode: 'wrong-contact' }, ...BAD],
  [{ mode: 'wrong-types' }, ...BAD],
  [{ mode: 'unknown-message' }, ...BAD],
  [{ mode: 'huge', hugeBytes: 3 * 1024 * 1024 }, ...BAD],
];

describe('an upstream that misbehaves', () => {
  test.each(TABLE)('%j returns %d %s in bounded time', async (faults, status, code) => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ ...faults, contactId: id });
    const answer = await world.get(`/contacts/${id}?include=entity`);
    expectProblem(answer, status, code);
    expect(answer.ms).toBeLessThan(BOUND_MS);
    if (status === 503) expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect((await world.sandbox.callsFor(id)).length).toBeLessThanOrEqual(2);
    await world.sandbox.clearFaults();
    await waitFor('a 200 for the same contact', async () => {
      return (await world.get(`/contacts/${id}?include=entity`)).status === 200;
    });
  });

  test('a truncated response is an error in bounded time and is not stored', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode: 'truncated', contactId: id });
    const answer = await world.get(`/contacts/${id}`);
    expect([502, 503]).toContain(answer.status);
    expectProblem(answer, answer.status, answer.status === 502 ? BAD[1] : UNAVAILABLE[1]);
    expect(answer.ms).toBeLessThan(BOUND_MS);
    await world.sandbox.clearFaults();
    await waitFor('a 200', async () => (await world.get(`/contacts/${id}`)).status === 200);
  });

  test('a redirect is not followed', async () => {
    const id = world.freshContact();
    const before = (await world.sandbox.calls()).length;
    await world.sandbox.setFaults({ mode: 'redirect', contactId: id });
    expectProblem(await world.get(`/contacts/${id}`), ...BAD);
    expect((await world.sandbox.calls()).length - before).toBeLessThanOrEqual(2);
    expect(new Set((await world.sandbox.calls()).map((call) => call.operation)).size).toBe(1);
  });

  test('a body of 200 MiB is refused in bounded time and memory', async () => {
    const id = world.freshContact();
    const before = peakMemory(world.program.pid);
    await world.sandbox.setFaults({ mode: 'huge', hugeBytes: 200 * 1024 * 1024, contactId: id });
    const answers = await Promise.all(
      ['notes', 'entity'].map((part) => world.get(`/contacts/${id}/${part}`)),
    );
    for (const answer of answers) {
      expectProblem(answer, ...BAD);
      expect(answer.ms).toBeLessThan(BOUND_MS);
    }
    expect(peakMemory(world.program.pid) - before).toBeLessThan(64 * 1024);
  });
});

test('an upstream that refuses connections returns UPSTREAM_UNAVAILABLE in bounded time', async () => {
  const other = await startWorld({ UPSTREAM_TIMEOUT_MS: String(TIMEOUT_MS) });
  try {
    await other.sandbox.stop();
    const answer = await other.get(`/contacts/${other.freshContact()}`);
    expectProblem(answer, ...UNAVAILABLE);
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect(answer.ms).toBeLessThan(BOUND_MS);
  } finally {
    await other.stop();
  }
});

/** Returns the peak resident memory of a process, in KiB. */
function peakMemory(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]);
}
