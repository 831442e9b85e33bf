import { readFileSync } from 'node:fs';
import path from 'node:path';
import { array, assert, asyncProperty, boolean, constantFrom, oneof, string, tuple } from 'fast-check';
import http from 'node:http';
import { rawExchange } from '../support/http.ts';
import type { TestResponse, Options } from '../support/http.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const file = path.join(PROJECT_ROOT, 'test', 'vectors', 'blns', 'blns.json');
const NAUGHTY = JSON.parse(readFileSync(file, 'utf8')) as string[];

let world: World;
let id: string;
let token: string;
const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
beforeAll(async () => {
  world = await startWorld({ RATE_LIMIT_TIERS: '{"default":{"limit":1000000,"windowS":60}}' });
  id = world.freshContact();
  token = world.token();
  await world.get(`/contacts/${id}?include=notes,entity,profile,signals`, { token });
});
afterAll(async () => {
  agent.destroy();
  await world?.stop();
});

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
const send = (target: string, options: Options = {}): Promise<TestResponse> =>
  world.get(target, { token, agent, ...options });

/** Returns a description if the response is a 5xx, otherwise an empty list. */
async function failureOf(name: string, request: Promise<TestResponse>): Promise<string[]> {
  const answer = await request;
  if (answer.status < 500) return [];
  return [`${answer.status} for ${name}: ${answer.text.slice(0, 200)}`];
}

async function failuresOf(
  requests: (text: string) => [string, () => Promise<TestResponse>][],
): Promise<string[]> {
  const found: string[] = [];
  for (const text of NAUGHTY) {
    const all = requests(text).map(([name, make]) => failureOf(`${name} ${JSON.stringify(text)}`, make()));
    found.push(...(await Promise.all(all)).flat());
  }
  return found;
}

test('the list has more than 500 strings', () => expect(NAUGHTY.length).toBeGreaterThan(500));

describe('the big list of naughty strings never causes a 5xx', () => {
  test('when used in the path', async () => {
    const found = await failuresOf((text) => [
      ['id', () => send(`/contacts/${encode(text)}`)],
      ['id of a part', () => send(`/contacts/${encode(text)}/notes`)],
      ['part', () => send(`/contacts/${id}/${encode(text)}`)],
      ['path', () => send(`/${encode(text)}`)],
    ]);
    expect(found).toEqual([]);
  });

  test('when used in the query', async () => {
    const found = await failuresOf((text) => [
      ['include', () => send(`/contacts/${id}?include=${encode(text)}`)],
      ['include after a good one', () => send(`/contacts/${id}?include=notes,${encode(text)}`)],
      ['ids', () => send(`/contacts?ids=${encode(text)}`)],
      ['fields list', () => send(`/contacts/${id}?fields[contact]=${encode(text)}`)],
      ['fields type', () => send(`/contacts/${id}?fields[${encode(text)}]=name`)],
      ['parameter', () => send(`/contacts/${id}?${encode(text)}=${encode(text)}`)],
    ]);
    expect(found).toEqual([]);
  });

  test('when used in headers', async () => {
    const names = [
      'x-request-id',
      'if-none-match',
      'accept-encoding',
      'cache-control',
      'traceparent',
      'origin',
    ];
    const found = await failuresOf((text) => {
      const value = Buffer.from(text.replace(/(?!\t)\p{Cc}/gu, ' ')).toString('latin1');
      const requests = [...names, 'accept', 'range', 'forwarded', 'x-forwarded-for', 'content-type'].map(
        (name): [string, () => Promise<TestResponse>] => [
          name,
          () => send(`/contacts/${id}`, { headers: { [name]: value } }),
        ],
      );
      return [
        ...requests,
        ['bearer', () => send(`/contacts/${id}`, { token: value })],
        [
          'authorization',
          () => send(`/contacts/${id}`, { token: undefined, headers: { authorization: value } }),
        ],
      ];
    });
    expect(found).toEqual([]);
  });

  test('when used as claims of an otherwise valid token', async () => {
    const found = await failuresOf((text) => [
      ['sub', () => send(`/contacts/${id}`, { token: world.token({ sub: text }) })],
      ['org', () => send(`/contacts/${id}`, { token: world.token({ org_id: text }) })],
      ['member', () => send(`/contacts/${id}`, { token: world.token({ member_id: text }) })],
      ['scope', () => send(`/contacts/${id}`, { token: world.token({ scope: text }) })],
      ['scp', () => send(`/contacts/${id}`, { token: world.token({ scope: undefined, scp: [text] }) })],
    ]);
    expect(found).toEqual([]);
  });

  test('when written unencoded to the socket', async () => {
    const found: string[] = [];
    for (let index = 0; index < NAUGHTY.length; index += 16) {
      const some = NAUGHTY.slice(index, index + 16).map(async (text) => {
        const bytes = `GET /contacts/${text}?include=${text} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
        const answer = await rawExchange(world.program.port, bytes);
        if (answer.startsWith('HTTP/1.1 5')) found.push(`${JSON.stringify(text)}: ${answer.slice(0, 60)}`);
      });
      await Promise.all(some);
    }
    expect(found).toEqual([]);
  });
});

const written = ([key, text, raw]: [string, string, boolean]): string =>
  raw ? `${encode(key)}=${encode(text)}` : `${ascii(key)}=${ascii(text)}`;

describe('random requests never cause a 5xx', () => {
  const name = oneof(
    constantFrom(
      'include',
      'ids',
      'fields',
      'fields[contact]',
      'fields[]',
      'fields[contact][x]',
      'include[]',
    ),
    constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'fields[__proto__]', 'toString'),
    string({ unit: 'binary', maxLength: 20 }),
  );
  const value = oneof(
    constantFrom('notes', 'entity,profile', ',', ',,notes', 'name', '*', '%00', '-1'),
    string({ unit: 'binary', maxLength: 60 }),
    string({ unit: constantFrom('%', '[', ']', '=', '&', ',', '+', '0'), maxLength: 40 }),
  );
  const pair = tuple(name, value, boolean());
  test('with a random query', async () => {
    const property = asyncProperty(
      constantFrom(`/contacts/${id}`, '/contacts', `/contacts/${id}/notes`, '/healthz'),
      array(pair, { maxLength: 6 }),
      async (target, pairs) => {
        const answer = await send(`${target}?${pairs.map(written).join('&')}`);
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400) expect(answer.json()).toMatchObject({ code: expect.any(String) });
      },
    );
    await assert(property, { numRuns: 600 });
  });

  test('with a random path', async () => {
    const segments = array(value, { maxLength: 4 });
    const property = asyncProperty(segments, async (parts) => {
      const answer = await send(`/contacts/${parts.map(encode).join('/')}`);
      expect(answer.status).toBeLessThan(500);
    });
    await assert(property, { numRuns: 300 });
  });

  test('the program still responds after all of them', async () => {
    expect((await send(`/contacts/${id}?include=notes`)).status).toBe(200);
    const ready = await world.admin('/healthz');
    expect(ready.status).toBe(200);
  });
});

/** Replaces characters that a request target cannot contain unencoded, so that invalid escapes are sent. */
function ascii(text: string): string {
  return text.replace(/[^\x21-\x22\x24-\x7e]/g, '%');
}
