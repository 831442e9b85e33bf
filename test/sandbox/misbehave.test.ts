import net from 'node:net';
import { FAULT_MODES, NO_FAULTS } from '../../src/sandbox/faults.ts';
import type { Faults } from '../../src/sandbox/faults.ts';
import { MESSAGES } from '../../src/sandbox/messages.ts';
import { unchunked, type Json } from '../support/http.ts';
import { FETCH_CONTACT, REQUEST, startSandboxServers } from '../support/sandbox-servers.ts';
import type { SandboxServers } from '../support/sandbox-servers.ts';
import { HANG_MS, waitFor } from '../support/wait-for.ts';

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await startSandboxServers()));
afterAll(() => sandbox?.stop());
afterEach(() => {
  sandbox.state.faults = NO_FAULTS;
  sandbox.state.calls.reset();
});

const QUIET_MS = 400;

interface Exchange {
  readonly head: string;
  readonly body: string;
  /** The end of the exchange: silence for `quietMs`, a normal close, or a connection reset. */
  readonly end: 'quiet' | 'closed' | 'reset';
  readonly ms: number;
}

/**
 * Sends one call on a raw socket, with these faults, and reads until the sandbox closes the connection.
 *
 * @param quietMs ends the exchange after this silence, once the sandbox has recorded the call.
 */
function callWith(faults: Partial<Faults>, change: object = {}, quietMs = HANG_MS): Promise<Exchange> {
  sandbox.state.faults = { ...NO_FAULTS, ...faults };
  const body = JSON.stringify({ ...REQUEST, ...change });
  const head = [
    `POST ${FETCH_CONTACT} HTTP/1.1`,
    'Host: sandbox',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  const begun = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect(sandbox.port, '127.0.0.1');
    let received = '';
    let end: Exchange['end'] = 'closed';
    let lastAt = Infinity;
    const timer = setInterval(() => {
      if (outcomes().length > 0) lastAt = Math.min(lastAt, performance.now());
      if (performance.now() - lastAt < quietMs) return;
      end = 'quiet';
      socket.destroy();
    }, 10);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
      lastAt = performance.now();
    });
    socket.once(
      'error',
      (error: NodeJS.ErrnoException) => (end = error.code === 'ECONNRESET' ? 'reset' : end),
    );
    socket.once('close', () => {
      clearInterval(timer);
      const [headers = '', ...rest] = received.split('\r\n\r\n');
      resolve({ head: headers, body: rest.join('\r\n\r\n'), end, ms: performance.now() - begun });
    });
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

const announced = (head: string): number => Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
const goodBody = async (): Promise<Json> => JSON.parse((await callWith({})).body);
const outcomes = (): string[] => sandbox.state.calls.report().calls.map(({ outcome }) => outcome);

test('sends a complete response without a fault', async () => {
  const { head, body, end } = await callWith({});
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(announced(head)).toBe(Buffer.byteLength(body));
  expect({ end, status: JSON.parse(body).status }).toEqual({ end: 'closed', status: 'success' });
});

describe('connections', () => {
  test('reset: resets the connection without a response', async () => {
    expect(await callWith({ mode: 'reset' })).toMatchObject({ head: '', body: '', end: 'reset' });
  });

  test('silent: sends nothing and keeps the connection open', async () => {
    expect(await callWith({ mode: 'silent' }, {}, QUIET_MS)).toMatchObject({
      head: '',
      body: '',
      end: 'quiet',
    });
  });

  test('headers-then-silence: announces a body and does not send it', async () => {
    const { head, body, end } = await callWith({ mode: 'headers-then-silence' }, {}, QUIET_MS);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(announced(head)).toBeGreaterThan(100);
    expect({ body, end }).toEqual({ body: '', end: 'quiet' });
  });

  test('slow-drip: sends one byte at a time', async () => {
    const { body, end, ms } = await callWith({ mode: 'slow-drip', dripMs: 20 }, { contact_id: '' });
    const bytes = JSON.stringify({ data: ['Missing contact ID'], status: 'error' });
    expect(body.replaceAll(/\r\n|^1$/gm, '')).toBe(`${bytes}0`);
    expect(ms).toBeGreaterThan(bytes.length * 19);
    expect(end).toBe('closed');
  });

  test('truncated: sends half of the announced length, then closes the connection', async () => {
    const { head, body, end } = await callWith({ mode: 'truncated' });
    expect(body.length).toBeGreaterThan(100);
    expect(Buffer.byteLength(body)).toBeLessThan(announced(head));
    expect(JSON.stringify(await goodBody()).startsWith(body)).toBe(true);
    expect(end).toBe('closed');
  });
});

describe('responses', () => {
  test('malformed: sends incomplete JSON in a complete exchange', async () => {
    const exchange = await callWith({ mode: 'malformed' });
    const text = unchunked(exchange);
    expect(exchange.end).toBe('closed');
    expect(text).toMatch(/^\{"data":/);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  test('html: returns 200 with an HTML page', async () => {
    const exchange = await callWith({ mode: 'html' });
    expect(exchange.head).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*content-type: text\/html/i);
    expect(unchunked(exchange)).toMatch(/^<!DOCTYPE html>/);
  });

  test('huge: sends valid JSON of at least hugeBytes', async () => {
    const text = unchunked(await callWith({ mode: 'huge', hugeBytes: 200_000 }));
    expect(text.length).toBeGreaterThan(200_000);
    expect(text.length).toBeLessThan(300_000);
    expect(JSON.parse(text).data.contact.contact_name).toMatch(/^x+$/);
  });

  test('redirect: points to a path that returns a contact', async () => {
    const { head } = await callWith({ mode: 'redirect' });
    expect(head).toMatch(/^HTTP\/1\.1 302 Found\r\n/);
    expect(head).toMatch(/^location: \/redirected\/fetchContact$/im);
    const followed = await fetch(`http://127.0.0.1:${sandbox.port}/redirected/fetchContact`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(REQUEST),
    });
    expect(((await followed.json()) as Json).status).toBe('success');
    expect(sandbox.state.calls.report().calls.at(-1)?.operation).toBe('redirect-target');
  });

  test('http-500 and http-429 return that status, and 429 has Retry-After', async () => {
    expect((await callWith({ mode: 'http-500' })).head).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n/);
    const { head } = await callWith({ mode: 'http-429', retryAfterS: 17 });
    expect(head).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/);
    expect(head).toMatch(/^retry-after: 17$/im);
  });

  test('wrong-contact: returns a valid response with another contact', async () => {
    const { data, status } = JSON.parse(unchunked(await callWith({ mode: 'wrong-contact' })));
    expect(status).toBe('success');
    expect(data.contact.contact_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(data.contact.contact_id).not.toBe(REQUEST.contact_id);
    expect(Object.keys(data)).toEqual(
      expect.arrayContaining(['notes', 'entity', 'signals', 'contact_profile']),
    );
  });

  test('wrong-types: returns a success whose parts have wrong types', async () => {
    const { data, status } = JSON.parse(unchunked(await callWith({ mode: 'wrong-types' })));
    expect({ status, contact: typeof data.contact }).toEqual({ status: 'success', contact: 'string' });
  });

  test('unknown-message: returns an undocumented error', async () => {
    const { data, status } = JSON.parse(unchunked(await callWith({ mode: 'unknown-message' })));
    expect(status).toBe('error');
    expect(Object.values(MESSAGES)).not.toContain(data[0]);
  });

  test.each(Object.entries(MESSAGES))('error:%s returns "%s" for a valid request', async (code, message) => {
    const { head, body } = await callWith({ mode: `error:${code}` });
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(JSON.parse(body)).toEqual({ data: [message], status: 'error' });
    expect(outcomes()).toEqual([`FAULT:error:${code}`]);
  });
});

test('records every mode under its name', async () => {
  for (const mode of FAULT_MODES.filter((name) => name !== 'none')) {
    sandbox.state.calls.reset();
    await callWith({ mode, hugeBytes: 1000, dripMs: 200 }, {}, 50);
    expect(outcomes()).toEqual([`FAULT:${mode}`]);
  }
});

async function failuresAt(rate: number): Promise<number> {
  sandbox.state.calls.reset();
  for (let round = 0; round < 100; round += 1) await callWith({ mode: 'http-500', rate });
  return outcomes().filter((outcome) => outcome === 'FAULT:http-500').length;
}

describe('when faults apply', () => {
  test('delays the response, with the data of the time when the call arrived', async () => {
    const { world } = sandbox.state;
    const before = world.contacts.get(REQUEST.contact_id)!;
    const pending = callWith({ delayMs: 300 });
    await waitFor('the call', () => outcomes().includes('delayed'));
    world.contacts.set(REQUEST.contact_id, {
      ...before,
      contact: { ...before.contact, contact_city: 'Elsewhere' },
    });
    const { body, ms } = await pending;
    world.contacts.set(REQUEST.contact_id, before);
    expect(ms).toBeGreaterThanOrEqual(295);
    expect(JSON.parse(body).data.contact.contact_city).toBe('San Francisco');
  });

  test('jitterMs spreads the response times', async () => {
    const exchanges = await Promise.all(
      Array.from({ length: 30 }, () => callWith({ delayMs: 100, jitterMs: 1500 })),
    );
    const times = exchanges.map(({ ms }) => ms);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(95);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(300);
  });

  test('rate is the probability of the mode', async () => {
    expect(await failuresAt(0)).toBe(0);
    expect(await failuresAt(1)).toBe(100);
    const half = await failuresAt(0.5);
    expect(half).toBeGreaterThan(15);
    expect(half).toBeLessThan(85);
  });

  test('contactId limits the faults to one contact, case-insensitively', async () => {
    const faults = { mode: 'http-500', delayMs: 50, contactId: REQUEST.contact_id.toUpperCase() };
    expect((await callWith(faults)).head).toMatch(/^HTTP\/1\.1 500/);
    const [, other] = [...sandbox.state.world.contacts.keys()];
    expect((await callWith(faults, { contact_id: other })).head).toMatch(/^HTTP\/1\.1 200/);
    expect((await callWith(faults, { contact_id: undefined })).head).toMatch(/^HTTP\/1\.1 200/);
  });
});
