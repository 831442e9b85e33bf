import type { TokenFunction } from '../../src/client/index.ts';
import { startScriptedServer, type Script, type ScriptedServer } from '../support/scripted-server.ts';
import { clientOf, CONTACT, FOUND, ID, problem } from './scripted-client.ts';

let server: ScriptedServer;
beforeAll(async () => void (server = await startScriptedServer()));
afterAll(() => server.stop());

const EXPIRED = problem(401, 'EXPIRED_TOKEN');
const sent = (): unknown[] => server.requests.map(({ headers }) => headers.authorization);

/** Accepts one token. */
const accepting = (token: string): Script => {
  return (res, { headers }) => {
    const ok = headers.authorization === `Bearer ${token}`;
    res.writeHead(ok ? 200 : 401, {
      'content-type': ok ? 'application/json' : 'application/problem+json',
    });
    res.end(JSON.stringify(ok ? { data: CONTACT } : { code: 'EXPIRED_TOKEN' }));
  };
};

test('renews the token once after a 401, with the refused token as the argument', async () => {
  server.respond(EXPIRED);
  const rejections: unknown[] = [];
  const token: TokenFunction = ({ rejected }) => {
    rejections.push(rejected);
    return `token-${rejections.length}`;
  };
  await expect(clientOf(server.url, { token }).getContact(ID)).rejects.toMatchObject({ status: 401 });
  expect(sent()).toEqual(['Bearer token-1', 'Bearer token-2']);
  expect(rejections).toEqual([undefined, 'token-1']);
});

test('does not repeat the request if the function returns the refused token', async () => {
  server.respond(EXPIRED);
  const pending = clientOf(server.url, { token: () => Promise.resolve('same') }).getContact(ID);
  await expect(pending).rejects.toMatchObject({ code: 'EXPIRED_TOKEN' });
  expect(sent()).toEqual(['Bearer same']);
});

test('does not repeat the request with a fixed token or a cookie', async () => {
  for (const token of ['fixed', undefined]) {
    server.respond(EXPIRED);
    await expect(clientOf(server.url, { token }).getContact(ID)).rejects.toMatchObject({ status: 401 });
    expect(server.requests).toHaveLength(1);
  }
});

test('a renewal is not one of the retries', async () => {
  server.respond(EXPIRED, problem(503, 'OVERLOADED'), FOUND);
  let calls = 0;
  const token = (): string => `token-${(calls += 1)}`;
  await clientOf(server.url, { token, maxRetries: 1 }).getContact(ID);
  expect(sent()).toEqual(['Bearer token-1', 'Bearer token-2', 'Bearer token-2']);
});

test('parallel requests share one renewal', async () => {
  server.respond(accepting('new'));
  let renewals = 0;
  const renewed = Promise.withResolvers<string>();
  const token: TokenFunction = ({ rejected }) => {
    if (rejected === undefined) return 'old';
    renewals += 1;
    return renewed.promise;
  };
  let refused = 0;
  const onResponse = ({ status }: { status: number }): void => {
    refused += status === 401 ? 1 : 0;
    // Resolves the renewal after each request has asked for it.
    if (refused === 5) setImmediate(() => renewed.resolve('new'));
  };
  const client = clientOf(server.url, { token, onResponse });
  await Promise.all(Array.from({ length: 5 }, () => client.getContact(ID)));
  expect([renewals, refused]).toEqual([1, 5]);
});

test('a later 401 is renewed again', async () => {
  const tokens = ['old', 'first', 'first', 'second'];
  const client = clientOf(server.url, { token: () => tokens.shift()! });
  server.respond(accepting('first'));
  await client.getContact(ID);
  server.respond(accepting('second'));
  await client.getContact(ID);
  expect(sent()).toEqual(['Bearer first', 'Bearer second']);
});

test('a renewal that failed is tried again by the next request', async () => {
  server.respond(accepting('new'));
  const renewals = [() => Promise.reject(new Error('no connection')), () => Promise.resolve('new')];
  const token: TokenFunction = ({ rejected }) => (rejected === undefined ? 'old' : renewals.shift()!());
  const client = clientOf(server.url, { token });
  await expect(client.getContact(ID)).rejects.toThrow('no connection');
  expect(await client.getContact(ID)).toEqual(CONTACT);
});

test('the time-out includes the token function', async () => {
  server.respond(FOUND);
  const stuck = clientOf(server.url, { token: () => new Promise(() => {}), timeoutMs: 20 });
  await expect(stuck.getContact(ID)).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(server.requests).toHaveLength(0);
});

test('an abort includes the token function', async () => {
  const gone = new AbortController();
  const token = (): Promise<string> => {
    gone.abort(new Error('the user left'));
    return new Promise(() => {});
  };
  const pending = clientOf(server.url, { token }).getContact(ID, { signal: gone.signal });
  await expect(pending).rejects.toThrow('the user left');
});

test('an error of the token function rejects the request', async () => {
  const client = clientOf(server.url, { token: () => Promise.reject(new Error('the session has ended')) });
  await expect(client.getContact(ID)).rejects.toThrow('the session has ended');
});

test.each(['secret token', 'secret\n', 'sécret', ''])(
  'rejects the token %j without quoting it',
  async (token) => {
    server.respond(FOUND);
    const error: unknown = await clientOf(server.url, { token })
      .getContact(ID)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'TypeError',
      message: 'The token is missing, empty or has invalid characters.',
    });
    expect(server.requests).toHaveLength(0);
  },
);

test.each([undefined, null, 42])(
  'rejects %s from the token function, and sends no request',
  async (token) => {
    server.respond(FOUND);
    const missing = () => token as unknown as string;
    for (const source of [missing, () => Promise.resolve(missing())])
      await expect(clientOf(server.url, { token: source }).getContact(ID)).rejects.toThrow(
        new TypeError('The token is missing, empty or has invalid characters.'),
      );
    expect(server.requests).toHaveLength(0);
  },
);

test('rejects null as the token', async () => {
  server.respond(FOUND);
  const client = clientOf(server.url, { token: null as unknown as string });
  await expect(client.getContact(ID)).rejects.toThrow('The token is missing');
  expect(server.requests).toHaveLength(0);
});

const unrenewed: TokenFunction = ({ rejected }) => (rejected === undefined ? 'old' : (undefined as never));

test('rejects undefined from the token function after a 401', async () => {
  server.respond(EXPIRED);
  await expect(clientOf(server.url, { token: unrenewed }).getContact(ID)).rejects.toThrow(
    'The token is missing',
  );
  expect(sent()).toEqual(['Bearer old']);
});
