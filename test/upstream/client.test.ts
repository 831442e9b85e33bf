import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import resilience from '../../config/resilience.json' with { type: 'json' };
import type { PolicySettings } from '../../src/upstream/client.ts';
import type { UpstreamCredentials } from '../../src/upstream/credentials.ts';
import type { UpstreamInput, UpstreamOperation } from '../../src/upstream/operation.ts';
import { fetchContact } from '../../src/upstream/operations/fetch-contact.ts';
import { closedPort } from '../support/closed-port.ts';
import { connectUpstream, failureOf, type UpstreamClient } from '../support/upstream-client.ts';
import { waitFor } from '../support/wait-for.ts';

/** An operation that the program does not have. */
const addNote: UpstreamOperation<UpstreamInput & { readonly note: string }, string> = {
  name: 'addNote',
  path: '/note',
  idempotent: false,
  credentials: 'key',
  body: ({ note }, { apiKey }) => ({ api_key: apiKey, note }),
  decode: (text) => text,
};

const ORG = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
const QUERY = { org: ORG, member: ORG, contact: ORG, parts: ['contact'] as const };
const NOTE = { org: ORG, note: 'text' };

let server: Server;
let client: UpstreamClient;
let requests: { path: string; body: string; res: ServerResponse }[];
/** Handles each request once its body has arrived; undefined leaves it unanswered. */
let respond: ((req: IncomingMessage, res: ServerResponse) => void) | undefined;

beforeEach(async () => {
  requests = [];
  respond = undefined;
  server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      requests.push({ path: req.url!, body, res });
      respond?.(req, res);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

interface Settings {
  readonly port: number;
  readonly policies: Partial<PolicySettings>;
  credentials: UpstreamCredentials | undefined;
}

function settingsOf(policies: Partial<PolicySettings>, port?: number): Settings {
  return {
    port: port ?? (server.address() as AddressInfo).port,
    policies,
    credentials: { apiKey: 'key', developerSecret: 'secret' },
  };
}

function start(policies: Partial<PolicySettings> = {}, port?: number): UpstreamClient {
  client = connectUpstream(settingsOf(policies, port));
  return client;
}

const signal = new AbortController().signal;

async function failure(call: Promise<unknown>): Promise<[code: string, reason: string | undefined]> {
  const error = await failureOf(call);
  return [error.code, error.details.reason];
}

test('two operations share one circuit breaker', async () => {
  respond = (_req, res) => res.writeHead(503).end();
  const breaker = { ...resilience.breaker, window: 2, minFailures: 2 };
  const { upstream } = start({ breaker, retry: { ...resilience.retry, reserve: 0 } });
  for (let count = 0; count < 2; count += 1) await failure(upstream(fetchContact, QUERY, { signal }));
  expect(await failure(upstream(addNote, NOTE, { signal }))).toEqual([
    'UPSTREAM_UNAVAILABLE',
    'BREAKER_OPEN',
  ]);
  expect(requests.map(({ path }) => path)).toEqual([fetchContact.path, fetchContact.path]);
});

test('two operations share one bulkhead', async () => {
  const { upstream, metrics } = start({ maxConcurrency: 1 });
  const first = upstream(addNote, NOTE, { signal });
  await waitFor('the first request', () => requests[0]);
  const second = failure(upstream(fetchContact, QUERY, { signal }));
  const samples = await metrics.samples();
  expect(samples['upstream_calls_active']).toMatchObject([{ value: 1 }]);
  expect(samples['upstream_calls_waiting']).toMatchObject([{ value: 1 }]);
  expect(requests).toHaveLength(1);
  respond = (_req, res) => res.end('{"status":"error","data":["No such contact"]}');
  requests[0]!.res.end('done');
  expect(await first).toBe('done');
  expect(await second).toEqual(['CONTACT_NOT_FOUND', 'NOT_FOUND']);
});

describe('credentials that are replaced while a call waits for its turn', () => {
  test.each([
    ['new ones', { apiKey: 'next', developerSecret: 'next' }],
    ['none', undefined],
  ])('%s: the call keeps those that it began with', async (_name, next) => {
    const settings = settingsOf({ maxConcurrency: 1 });
    client = connectUpstream(settings);
    const first = client.upstream(addNote, NOTE, { signal });
    await waitFor('the first request', () => requests[0]);
    const queued = client.upstream(addNote, NOTE, { signal });
    settings.credentials = next;
    respond = (_req, res) => res.end('done');
    requests[0]!.res.end('done');
    expect([await first, await queued]).toEqual(['done', 'done']);
    expect(requests.map(({ body }) => (JSON.parse(body) as { api_key: string }).api_key)).toEqual([
      'key',
      'key',
    ]);
  });
});

test('a write whose connection breaks after it was sent is not repeated, and a read is', async () => {
  respond = (_req, res) => res.destroy();
  const { upstream } = start();
  await failure(upstream(addNote, NOTE, { signal }));
  expect(requests.map(({ path }) => path)).toEqual(['/note']);
  await failure(upstream(fetchContact, QUERY, { signal }));
  expect(requests.map(({ path }) => path)).toEqual(['/note', fetchContact.path, fetchContact.path]);
});

test('a write that cannot be sent is tried again', async () => {
  const closed = await closedPort();
  const { upstream, metrics } = start({}, closed.port);
  const error = await failure(upstream(addNote, NOTE, { signal })).finally(() => closed.release());
  expect(error).toEqual(['UPSTREAM_UNAVAILABLE', 'ECONNREFUSED']);
  const calls = (await metrics.samples())['upstream_calls_total']?.filter(({ value }) => value > 0);
  expect(calls?.map(({ labels, value }) => [labels['purpose'], value])).toEqual([
    ['caller', 1],
    ['retry', 1],
  ]);
});

test('the request of fetchContact asks for the parts of the query and for no others', async () => {
  respond = (_req, res) => res.end('{"status":"error","data":["No such contact"]}');
  const { upstream } = start();
  await failure(upstream(fetchContact, { ...QUERY, parts: ['contact', 'notes', 'signals'] }, { signal }));
  expect(JSON.parse(requests[0]!.body)).toEqual({
    api_key: 'key',
    developer_secret: 'secret',
    org_id: ORG,
    member_id: ORG,
    contact_id: ORG,
    include_notes: 1,
    include_entity: 0,
    include_profile: 0,
    include_signals: 1,
  });
});
