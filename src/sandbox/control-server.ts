import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { directory } from './directory.ts';
import { NO_FAULTS, invalidFaults } from './faults.ts';
import { readJsonObject } from './read-body.ts';
import type { SandboxState } from './state.ts';
import { blockListOf } from './world.ts';
import type { ContactRecord } from './records.ts';

type Reply = readonly [status: number, body?: object];
type Route = (
  state: SandboxState,
  body: Record<string, unknown>,
  id: string,
  query: URLSearchParams,
) => Reply;

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /calls': ({ calls }) => [200, calls.report()],
  'DELETE /calls': ({ calls }) => {
    calls.reset();
    return [204];
  },
  'GET /faults': ({ faults }) => [200, faults],
  'PUT /faults': (state, body) => setFaults(state, NO_FAULTS, body),
  'PATCH /faults': (state, body) => setFaults(state, state.faults, body),
  'DELETE /faults': (state) => setFaults(state, state.startFaults, {}),
  'PATCH /contacts/:id': ({ world }, body, id) => {
    const record = world.contacts.get(id);
    if (!record) return [404, { error: 'no such contact' }];
    const { contact, ...rest } = body;
    const merged = {
      ...record,
      ...rest,
      contact: { ...record.contact, ...(contact as object) },
    } as ContactRecord;
    world.contacts.set(id, merged);
    return [200, merged];
  },
  'DELETE /contacts/:id': ({ world }, _body, id) =>
    world.contacts.delete(id) ? [204] : [404, { error: 'no such contact' }],
  'GET /contacts': ({ world }, _body, _id, query) => {
    const org = query.get('org');
    const all = [...world.contacts]
      .filter(([, record]) => org === null || record.org === org)
      .map(([id]) => id);
    const offset = Number(query.get('offset') ?? 0);
    return [200, { total: all.length, ids: all.slice(offset, offset + Number(query.get('limit') ?? 100)) }];
  },
  'GET /directory': ({ world }) => [200, directory(world)],
  'PATCH /access': ({ world }, body) => {
    const main = world.accounts[0]!;
    const { developerSecret, allowedIps } = body;
    // The list comes first: if it is invalid, it throws before anything changes.
    if (Array.isArray(allowedIps)) main.allowed = blockListOf(allowedIps.map(String));
    if (typeof developerSecret === 'string') main.developerSecret = developerSecret;
    return [204];
  },
  'POST /reset': (state) => {
    state.restoreWorld();
    state.calls.reset();
    return setFaults(state, state.startFaults, {});
  },
};

const TAKES_BODY: ReadonlySet<string> = new Set(['PUT', 'PATCH']);

function setFaults(state: SandboxState, base: SandboxState['faults'], change: object): Reply {
  const invalid = invalidFaults(change);
  if (invalid.length > 0) return [400, { error: 'nothing was changed', faults: invalid }];
  state.faults = { ...base, ...change };
  return [200, state.faults];
}

/** Creates the server that controls the sandbox and reports its calls, on a separate port. */
export function controlServer(state: SandboxState): Server {
  return createServer((req, res) => {
    reply(req, state)
      .then(([status, body]) => send(res, status, body))
      .catch((error: Error) => send(res, 400, { error: error.message }));
  });
}

async function reply(req: IncomingMessage, state: SandboxState): Promise<Reply> {
  const url = new URL(req.url ?? '/', 'http://sandbox');
  const [, first = '', id = ''] = url.pathname.split('/');
  const route = ROUTES[`${req.method} /${first}${id === '' ? '' : '/:id'}`];
  if (!route) return [404, { error: 'unknown route', routes: Object.keys(ROUTES) }];
  const body = await readJsonObject(req);
  if (!body && TAKES_BODY.has(req.method ?? '')) return [400, { error: 'the body must be a JSON object' }];
  return route(state, body ?? {}, id.toLowerCase(), url.searchParams);
}

function send(res: ServerResponse, status: number, body: object | undefined): void {
  if (body === undefined) {
    res.writeHead(status).end();
    return;
  }
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body, null, 2)}\n`);
}
