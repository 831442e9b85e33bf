import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { directory } from './directory.ts';
import { NO_FAULTS, invalidFaults, type Faults } from './faults.ts';
import { OPERATIONS } from './operations/index.ts';
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
  'DELETE /faults': clearFaults,
  'GET /faults/:id': (state, _body, name) => [200, state.operationFaults.get(name) ?? state.faults],
  'PUT /faults/:id': (state, body, name) => setOperationFaults(state, name, NO_FAULTS, body),
  'PATCH /faults/:id': (state, body, name) =>
    setOperationFaults(state, name, state.operationFaults.get(name) ?? NO_FAULTS, body),
  'DELETE /faults/:id': ({ operationFaults }, _body, name) => {
    operationFaults.delete(name);
    return [204];
  },
  'GET /contacts/:id': ({ world }, _body, id) => {
    const record = world.contacts.get(id.toLowerCase());
    return record ? [200, record] : [404, { error: 'no such contact' }];
  },
  'PATCH /contacts/:id': ({ world }, body, id) => {
    const record = world.contacts.get(id.toLowerCase());
    if (!record) return [404, { error: 'no such contact' }];
    const { contact, ...rest } = body;
    const merged = {
      ...record,
      ...rest,
      contact: { ...record.contact, ...(contact as object) },
    } as ContactRecord;
    world.contacts.set(id.toLowerCase(), merged);
    return [200, merged];
  },
  'DELETE /contacts/:id': ({ world }, _body, id) =>
    world.contacts.delete(id.toLowerCase()) ? [204] : [404, { error: 'no such contact' }],
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
    return clearFaults(state);
  },
};

const TAKES_BODY: ReadonlySet<string> = new Set(['PUT', 'PATCH']);

function setFaults(state: SandboxState, base: Faults, change: object): Reply {
  return changeFaults(base, change, (faults) => (state.faults = faults));
}

function setOperationFaults(state: SandboxState, name: string, base: Faults, change: object): Reply {
  const names = OPERATIONS.map((operation) => operation.name);
  if (!names.includes(name)) return [404, { error: 'unknown operation', operations: names }];
  return changeFaults(base, change, (faults) => state.operationFaults.set(name, faults));
}

function changeFaults(base: Faults, change: object, store: (faults: Faults) => void): Reply {
  const invalid = invalidFaults(change);
  if (invalid.length > 0) return [400, { error: 'nothing was changed', faults: invalid }];
  const faults = { ...base, ...change };
  store(faults);
  return [200, faults];
}

/** Restores the faults from the start, for all operations. */
function clearFaults(state: SandboxState): Reply {
  state.operationFaults.clear();
  state.faults = state.startFaults;
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
  return route(state, body ?? {}, decodeURIComponent(id), url.searchParams);
}

function send(res: ServerResponse, status: number, body: object | undefined): void {
  if (body === undefined) {
    res.writeHead(status).end();
    return;
  }
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body, null, 2)}\n`);
}
